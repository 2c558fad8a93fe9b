#!/usr/bin/env bash
# A SLURM of one node on this machine, for tests and for trying profiles/slurm: Debian or Ubuntu, as root, no systemd, loopback only. Its packages: tests/packages.sh slurm
#   tests/cluster/slurm.sh start     write the configuration, start what is not running
#   tests/cluster/slurm.sh stop      stop it
#   tests/cluster/slurm.sh wipe      stop it, forget its jobs, its accounting and its configuration
# Two partitions: cpu (the default) and gpu, which has all the GPUs; these are character devices that compute nothing.
set -euo pipefail

MARK="# written by tests/cluster/slurm.sh of emovlm"
HOST=$(hostname -s)
STATE=/var/lib/emovlm-slurm
LOGS=/var/log/emovlm-slurm
CPUS=4
MEMORY=16000 # MB
GPUS=4

die() { echo "error: $*" >&2; exit 1; }

own_configuration() {
  local file
  for file in /etc/slurm/slurm.conf /etc/slurm/slurmdbd.conf; do
    [ ! -e "$file" ] || grep -qF "$MARK" "$file" || die "$file belongs to another SLURM, which this must not replace; use another machine"
  done
}

configure() {
  local k
  install -d /etc/slurm "$STATE/ctld" "$STATE/slurmd" "$LOGS"
  for ((k = 0; k < GPUS; k++)); do [ -c "/dev/fakegpu$k" ] || mknod "/dev/fakegpu$k" c 1 3; done
  echo "$MARK
Name=gpu Type=fake File=/dev/fakegpu[0-$((GPUS - 1))]" >/etc/slurm/gres.conf
  # cgroup/v1 is named but not used; without the file slurmd does not start.
  printf '%s\nCgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' "$MARK" >/etc/slurm/cgroup.conf
  cat >/etc/slurm/slurm.conf <<CONF
$MARK
ClusterName=emovlm
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=$LOGS/slurmctld.log
SlurmdLogFile=$LOGS/slurmd.log
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
JobRequeue=0
# Limits are enforced by sampling, since there are no cgroups: memory each second, time by the controller.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,NoShared
KillWait=5
UnkillableStepTimeout=300
# A request that no node can ever meet is refused, not queued for ever.
EnforcePartLimits=ALL
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
PriorityType=priority/basic
MinJobAge=86400
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEMORY Gres=gpu:fake:$GPUS State=UNKNOWN
PartitionName=cpu Nodes=$HOST Default=YES DefMemPerCPU=500 MaxTime=1-0 DefaultTime=10 State=UP
PartitionName=gpu Nodes=$HOST DefMemPerCPU=500 MaxTime=1-0 DefaultTime=10 State=UP
CONF
  (umask 077; cat >/etc/slurm/slurmdbd.conf <<CONF
$MARK
AuthType=auth/munge
DbdHost=$HOST
DbdAddr=127.0.0.1
SlurmUser=root
LogFile=$LOGS/slurmdbd.log
PidFile=/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=emovlm_slurm
CommunicationParameters=NoInAddrAny
CONF
  )
}

within() { # SECONDS COMMAND...: wait until the command succeeds
  local tenths=$(($1 * 10)) k
  shift
  for ((k = 0; k < tenths; k++)); do "$@" >/dev/null 2>&1 && return; sleep .1; done
  die "timed out waiting for: $*; see $LOGS"
}
runs() { [ -s "/run/$1.pid" ] && kill -0 "$(cat "/run/$1.pid")" 2>/dev/null; }
controller_up() { scontrol ping | grep -q 'is UP'; }
node_up() { sinfo -h -N -o %T | grep -qE '^(idle|mixed|allocated)$'; }

start_munge() {
  [ -s /etc/munge/munge.key ] || { (umask 077; head -c 1024 /dev/urandom >/etc/munge/munge.key); chown munge:munge /etc/munge/munge.key; }
  install -d -o munge -g munge -m 0755 /run/munge
  munge -n >/dev/null 2>&1 || runuser -u munge -- /usr/sbin/munged
  within 10 munge -n
}

start_database() {
  install -d -o mysql -g root /run/mysqld
  if ! mariadb-admin ping >/dev/null 2>&1; then
    setsid mariadbd --user=mysql --skip-networking --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 \
      --innodb-flush-log-at-trx-commit=2 --pid-file=/run/mysqld/mariadbd.pid </dev/null >"$LOGS/mariadbd.log" 2>&1 &
  fi
  within 30 mariadb-admin ping
}

start_accounting() {
  runs slurmdbd || slurmdbd
  within 30 sacctmgr -n list cluster
  [ -n "$(sacctmgr -n list cluster emovlm)" ] || sacctmgr -i -Q add cluster emovlm >/dev/null
}

start_controller() {
  runs slurmctld || slurmctld
  within 20 controller_up
}

start_node() {
  runs slurmd || slurmd
  within 20 node_up
}

stop_daemon() { # NAME: by its pid file, waited for
  local pid
  runs "$1" || return 0
  pid=$(cat "/run/$1.pid")
  kill "$pid"
  within 20 sh -c "! kill -0 $pid"
  rm -f "/run/$1.pid"
}

start() {
  command -v slurmctld >/dev/null || die "SLURM is not installed; run tests/packages.sh slurm"
  configure
  start_munge
  start_database
  start_accounting
  start_controller
  start_node
  sinfo --format='%P %T %c CPUs %m MB %G'
}

stop() {
  stop_daemon slurmd
  stop_daemon slurmctld
  stop_daemon slurmdbd
  mariadb-admin shutdown >/dev/null 2>&1 || true
  [ ! -s /run/munge/munged.pid ] || kill "$(cat /run/munge/munged.pid)" 2>/dev/null || true
  # With it and no controller, the SLURM plugin would keep every start of Snakemake waiting for 10 seconds.
  rm -f /etc/slurm/slurm.conf
}

wipe() {
  [ ! -d /var/lib/mysql/emovlm_slurm ] || { start_database; mariadb -e 'drop database if exists emovlm_slurm'; }
  stop
  rm -rf "$STATE" "$LOGS" /etc/slurm/{slurm,slurmdbd,gres,cgroup}.conf /dev/fakegpu*
}

[ "$(id -u)" = 0 ] || die "needs root: it starts daemons"
own_configuration
case ${1:-} in
  start | stop | wipe) "$1" ;;
  start_accounting | start_controller | stop_daemon) "$@" ;; # for tests of outages
  *) sed -n '2,6s/^# \?//p' "$0" >&2; exit 2 ;;
esac
