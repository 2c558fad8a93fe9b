"""Exactly what changed runs again, and what follows from it."""

import json
import subprocess

from tests.project import importing


def test_a_commit_comments_touches_and_remarks_rerun_nothing_of_a_finished_study(project, edited):
    identity = ("-c", "user.name=test", "-c", "user.email=test")
    subprocess.run(
        ["git", *identity, "commit", "--quiet", "--allow-empty", "--message", "no change"], cwd=project.path, check=True
    )
    edited("src/emovlm/core/hashing.py", "def sha256_bytes", "# a remark\ndef sha256_bytes")
    edited("src/emovlm/statistics/metrics.py", '"""', '"""Said otherwise. ')
    edited("workflow/scripts/render_clips.py", "def main(", "# a remark\ndef main(")
    edited("config/frame_samplers.tsv", "Five frames a second", "5 frames a second")
    edited("config/systems.tsv", "Pretrained on captions", "Taught by captions")
    edited("config/quick/comparisons.tsv", "The rise", "It rises")
    (project.path / "src/emovlm/synface/rendering/render.py").touch()
    (project.path / "workflow/scripts/answer_clips.py").touch()
    assert project.would_run() == {}


def test_an_edited_module_reruns_the_rules_that_import_it_and_what_follows(project, edited):
    edited("src/emovlm/statistics/micro_expressions.py", "import ", "UNUSED = 1\nimport ")
    assert project.would_run() == project.following(importing("emovlm.statistics.micro_expressions"))


def test_an_edited_module_reruns_rules_that_import_it_indirectly(project, edited):
    edited("src/emovlm/core/bootstrap.py", "import ", "UNUSED = 1\nimport ")
    rerun = project.would_run()
    assert rerun == project.following(importing("emovlm.core.bootstrap"))
    assert "compute_metrics" in rerun
    assert not {"answer_clips", "render_clips", "train_tower", "count_terms"} & set(rerun)


def test_an_edited_script_reruns_its_own_rules(project, edited):
    edited("workflow/scripts/draw_clip_sheet.py", "def main(", "UNUSED = 1\n\n\ndef main(")
    assert project.would_run() == project.following(["draw_contact_sheet", "draw_strips"])


def test_an_edited_part_of_the_explorer_page_builds_it_anew(project, edited):
    edited("explorer/style.css", "margin: 0;", "margin: 1px;")
    assert project.would_run() == {"build_explorer": 1}


def test_a_config_value_reruns_its_readers(project, edited):
    edited("config/quick.yaml", "resamples: 200", "resamples: 201")
    readers = [name for name, each in project.records().items() if '"resamples"' in json.dumps(each["job"]["params"])]
    assert project.would_run() == project.following(readers)


def test_a_config_value_of_one_model_reruns_that_model_and_its_answers(project, edited):
    edited("config/quick.yaml", "lora: {draws: 64}", "lora: {draws: 80}")
    rerun = project.would_run()
    assert rerun["sample_training"] == rerun["finetune_lora"] == 2
    assert rerun["answer_clips"] == rerun["gather_answers"] == 3
    assert not {"pretrain_organism", "train_classifier", "describe_gaps", "render_clips"} & set(rerun)


def test_a_new_condition_runs_alone_with_the_statistics_that_read_it(project, edited):
    last = "freq-fps1\torganism-frequency\tsynface\tfps1\tnone\tlikelihood\tT1\t"
    added = "unif-fps1\torganism-uniform\tsynface\tfps1\tnone\tlikelihood\tT1\t"
    edited("config/quick/conditions.tsv", last, f"{last}\n{added}")
    rerun = project.would_run()
    assert rerun["answer_clips"] == rerun["gather_answers"] == 1
    # Slopes read the answers of conditions that they name.
    assert set(rerun) == {"answer_clips", "list_rows"} | set(project.following(["gather_answers"])) - {"fit_slopes"}


def test_a_new_prompt_reruns_what_is_asked_with_it(project, edited):
    edited("config/prompts/motion.txt", "Describe", "Tell")
    rerun = set(project.would_run())
    assert {"write_captions", "pretrain_organism", "describe_gaps", "answer_clips"} <= rerun
    assert not {"render_clips", "decode_frames", "train_tower", "encode_frames", "train_classifier"} & rerun


def test_a_new_word_in_the_lexicon_recounts_words_and_leaves_clips_alone(project, edited):
    edited("config/lexicon.tsv", "anger\ten\tangering\tverb\t\tname\t\t\t\n", "")
    rerun = set(project.would_run())
    assert {"count_terms", "write_captions", "pretrain_organism"} <= rerun
    assert not {"make_manifest", "decode_frames", "sample_frames", "train_tower", "train_classifier"} & rerun


def test_more_training_runs_add_to_those_there(project, edited):
    edited("config/quick.yaml", "study: quick", "study: quick\nreplicates: 2")
    rerun = project.would_run()
    assert rerun["pretrain_organism"] == rerun["write_captions"] == 7
    assert rerun["answer_clips"] == 26
    assert not {
        "render_clips",
        "decode_frames",
        "train_tower",
        "encode_frames",
        "sample_frames",
        "sample_training",
    } & set(rerun)
