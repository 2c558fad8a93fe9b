#!/usr/bin/env bash
# The style of Markdown files: textlint for sentences and words, markdownlint for lines, headings and links.
#   .venv/prose/lint.sh [--quiet] FILE...        --quiet: errors alone, no advice
# It runs from the folder that `make lint-prose` has made (.venv/prose), where the linters and their rules are.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
quiet=()
[ "${1:-}" != --quiet ] || { quiet=(--quiet); shift; }
[ $# -gt 0 ] || exit 0
export PATH="$here/bin:$PATH"
failed=0
"$here/node_modules/.bin/textlint" --config "$here/textlintrc.json" --rules-base-directory "$here/node_modules" \
  "${quiet[@]}" -- "$@" || failed=1
"$here/node_modules/.bin/markdownlint-cli2" --config "$here/markdownlint.jsonc" --no-globs -- "${@/#/:}" >/dev/null || failed=1
exit $failed
