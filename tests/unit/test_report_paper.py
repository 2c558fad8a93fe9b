"""The paper says what the results say: numbers from values and tables, wording from verdicts and intervals."""

import re
import shutil
from io import BytesIO

import pandas as pd
import pytest
from pypdf import PdfReader
from tests.unit.drawn_records import drawn_records
from tests.unit.figures_tables import CONFIGURED, ROOT, SKIPPED, checks, cues, study, write_study

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.figures.registry import figures as all_figures
from emovlm.provenance.account import account, behind
from emovlm.report.references import check_references, parts, placed, references
from emovlm.report.typeset import typeset
from emovlm.statistics.published_comparison import published_comparison_table
from emovlm.statistics.values.published_values import NEEDED, read_published

PAPER = ROOT / "paper/paper.typ"
TABLES = (
    "metrics",
    "per_class",
    "comparisons",
    "correlations",
    "specifications",
    "concordance",
    "contrasts",
    "slopes",
    "sanity_checks",
    "cues",
    "claims",
    "evidence",
    "conditions",
    "frame_samplers",
    "paper_frame_shuffle",
    "reanalysis",
)


def text_of(pdf):
    """Text of a PDF, hyphenation undone and white space made even."""
    pages = "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(re.sub(r"[\u00ad\u2010-]\n", "", pages).replace("\u00a0", " ").split())


def printed(x):
    """A signed number as the paper prints it."""
    text = f"{x:+.3f}".replace("-", "\N{MINUS SIGN}")
    return text[1:] if float(text[1:]) == 0 else text


def write_paper(paths, folder, source=PAPER, config=CONFIGURED, figures=None, tables=TABLES):
    """Typeset; return the PDF's bytes."""
    out = folder / "paper.pdf"
    words = {name: figure.words for name, figure in all_figures().items()}
    named = {name: paths[name] for name in tables}
    typeset(source, paths["values"], paths["run"], named, figures or {}, config, out, words)
    return out.read_bytes()


def write_draft(folder, text):
    """A paper of its own: ``text`` with the study's helper functions."""
    (folder / "draft").mkdir()
    shutil.copy(ROOT / "paper/lib.typ", folder / "draft")
    (folder / "draft/draft.typ").write_text('#import "lib.typ": *\n' + text, encoding="utf-8")
    return folder / "draft/draft.typ"


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def paper(paths, tmp_path_factory):
    return write_paper(paths, tmp_path_factory.mktemp("paper"))


def test_every_value_that_the_text_names_is_printed(paths, paper):
    values, text = read_json(paths["values"]), text_of(paper)
    named = {r.id for r in references(PAPER) if r.id in values and not r.id.startswith("published")}
    assert len(named) > 5
    for name in named:
        assert values[name]["text"] in text, name


def test_verdicts_differences_and_all_metrics_are_printed(paper):
    tables, text = study(), text_of(paper)
    for row in tables["comparisons"].itertuples():
        assert printed(row.difference) in text, row.comparison
    for row in tables["claims"].itertuples():
        assert row.statement in text and row.verdict in text
    every = tables["metrics"].query("clips == 'all'")
    scores = every[every["metric"].isin(["uar", "macro_f1", "accuracy", "tail_recall"])]
    by_flag = tables["metrics"].query("clips != 'all' and metric == 'macro_f1'")
    assert all(f"[{row.low:.2f}, {row.high:.2f}]" in text for row in pd.concat([scores, by_flag]).itertuples())
    failed, asked = scores.query("metric == 'accuracy'")[["failed", "n"]].sum()
    assert f"Over all conditions {failed} of {asked} answers failed" in text


def test_the_paper_changes_when_a_value_changes(paths, paper, tmp_path):
    values = read_json(paths["values"])
    values["dataset.synface.test.n"] |= {"value": 4711, "text": "4711"}
    changed = {**paths, "values": str(tmp_path / "values.json")}
    write_json(changed["values"], values)
    assert "4711 test clips" in text_of(write_paper(changed, tmp_path))
    assert "4711" not in text_of(paper)


def test_the_same_inputs_give_the_same_bytes_wherever_they_lie(paper, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "paper", copy)
    assert write_paper(write_study(tmp_path), tmp_path, copy / "paper.typ") == paper


def test_the_pdf_says_what_it_is_and_in_which_language(paper):
    pdf = PdfReader(BytesIO(paper))
    assert pdf.metadata.title.startswith("Why Do Vision Language Models") and pdf.metadata.author
    assert "word frequency" in pdf.metadata["/Keywords"] and pdf.metadata.subject
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == "en-GB" and root["/MarkInfo"]["/Marked"]


def test_every_figure_and_claim_of_the_study_has_its_place_in_the_text():
    found = placed(PAPER)
    assert set(all_figures()) | {"contact_sheet", "strips"} == set(found["figures"])
    assert found["claims"] == ["L1", "L2", "T1", "T2", "T3", "T4"]


def test_every_figure_and_table_carries_its_id_and_says_where_its_numbers_are(paper):
    text = text_of(paper).replace("- ", "-")
    source = "\n".join(path.read_text(encoding="utf-8") for path in parts(PAPER) if path.suffix == ".typ")
    tables = re.findall(r'^\s+name: "(\w+)",\n\s+from: \[', source, re.M)
    figures = re.findall(r'#fig\("(\w+)"[^\[]*from: \[', source)
    assert len(tables) == source.count("#grid-table(") + source.count("\n  grid-table(")
    assert len(figures) == source.count('#fig("')
    absent = {f"tab-{name}" for name in ("published_comparison", "others", "system_claims", "evidence", "further")}
    for name in {f"tab-{name}" for name in tables} - absent | {f"fig-{name}" for name in figures}:
        assert f"{name}:" in text, name


def test_the_account_of_the_run_is_printed_and_follows_its_records(paths, paper, tmp_path):
    text = text_of(paper)
    assert "4 jobs made what this text is made of: 4 under commit abababababab (clean)" in text
    assert "A Processor (avx2), 2 cores, 8 GiB under Python 3.11.7." in text
    assert "with Python 3.11.7 with 4 packages (venv, SHA-256 of the list" in text
    assert "it took 13.5 min; at least one job ran during 3.5 min of it" in text
    assert "node7" not in text and "No model behind an API was asked" in text
    records = behind(drawn_records(), ["out/fps.pdf"])
    for each in records.values():
        each |= {"cpu_seconds": 60.0, "git": {"commit": "cd" * 20, "dirty": True}}
    write_json(tmp_path / "run.json", account(records, {}, {"gemini": {"requests": 7, "tokens": 900, "usd": 1.5}}))
    text = text_of(write_paper({**paths, "run": str(tmp_path / "run.json")}, tmp_path))
    assert "under commit cdcdcdcdcdcd (with uncommitted edits)" in text and "4.0 min of processor time" in text
    assert "asked 7 times, for 900 tokens and 1.50 US dollars" in text


def test_the_published_table_of_shuffling_is_analysed_anew_and_called_so(paper):
    table, text = study()["reanalysis"].set_index(["dataset", "kind"]), text_of(paper)
    row = table.loc["mafw", "vlm"]
    assert (
        f"{row['falls']:.0f} of {row['n']:.0f} VLMs lose macro-F1 when shuffled (mean change {printed(row['mean'])}"
        in text
    )
    assert "not from clips; it is ours" in text


@pytest.mark.parametrize(
    ("power", "says"), [(0.9, "reach that power for their margin."), (0.3, "where one of the others finds nothing")]
)
def test_power_is_said_of_each_comparison_that_a_claim_rests_on(tmp_path, power, says):
    planned = study()["comparisons"].assign(power=power, mde=0.0345)
    text = text_of(write_paper(write_study(tmp_path, comparisons=planned), tmp_path))
    assert says in text and "0.035" in text


@pytest.mark.parametrize(
    ("low", "high", "p", "runs", "says"),
    [
        (0.01, 0.09, 0.05, (None, None), "macro-F1 rises"),
        (-0.09, -0.01, 0.01, (None, None), "macro-F1 falls"),
        (-0.01, 0.05, 0.01, (None, None), "macro-F1 shows no clear change"),
        (0.01, 0.09, 0.2, (None, None), "macro-F1 shows no clear change"),
        (0.01, 0.09, 0.01, (0.01, 0.09), "macro-F1 rises"),
        (0.01, 0.09, 0.01, (-0.01, 0.09), "macro-F1 shows no clear change"),
        (-0.09, -0.01, 0.01, (-0.09, 0.01), "macro-F1 shows no clear change"),
    ],
)
def test_a_direction_is_claimed_only_where_the_interval_that_decides_is_off_zero(tmp_path, low, high, p, runs, says):
    table = study()["comparisons"].copy()
    row = table["comparison"] == "fps5-vs-fps1"
    columns = ["difference", "low", "high", "p_holm", "runs_low", "runs_high"]
    table.loc[row, columns] = [(low + high) / 2, low, high, p, *runs]
    text = text_of(write_paper(write_study(tmp_path, comparisons=table), tmp_path))
    assert f"From 1 to 5 frames a second, {says} (Δ = {printed((low + high) / 2)}" in text


@pytest.mark.parametrize(
    ("low", "high", "p", "says"),
    [
        (-0.02, 0.02, 0.001, "the two are equivalent within ±0.10"),
        (-0.09, 0.02, 0.4, "equivalence within ±0.10 is not shown"),
        (-0.22, -0.16, 1.0, "they differ by more than the margin of 0.10"),
    ],
)
def test_equivalence_is_worded_by_its_test(tmp_path, low, high, p, says):
    table = study()["comparisons"].copy()
    table.loc[table["comparison"] == "shuffle-organism-frequency-order", ["low", "high", "p"]] = [low, high, p]
    text = text_of(write_paper(write_study(tmp_path, comparisons=table), tmp_path))
    assert f"For the organism with frequency captions {says}" in text


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            (0.4, 0.1, 0.6, 0.05),
            "The frequency variant follows the English words more closely than the uniform variant",
        ),
        ((-0.2, -0.4, 0.0, 0.9), "The frequency variant does not follow the English words more closely than"),
        ((0.4, -0.1, 0.6, 0.01), "The frequency variant cannot be told from the uniform variant"),
        ((0.4, 0.1, 0.6, 0.06), "The frequency variant cannot be told from the uniform variant"),
    ],
)
def test_a_contrast_is_worded_by_its_test_and_its_range(tmp_path, figures, says):
    table = study()["contrasts"].copy()
    row = (table["contrast"] == "intervention") & (table["language"] == "en")
    table.loc[row, ["difference", "low", "high", "p"]] = figures
    text = text_of(write_paper(write_study(tmp_path, contrasts=table), tmp_path))
    assert says in text
    assert f"Δρ = {figures[0]:+.2f}".replace("-", "\N{MINUS SIGN}") in text


def test_the_cue_test_and_the_checks_say_what_was_found(paper, tmp_path):
    assert "None of them does better than chance; the highest is 0.10 (pose)" in text_of(paper)
    found = cues().assign(p_holm=[0.01, 0.62])
    text = text_of(write_paper(write_study(tmp_path, cues=found), tmp_path))
    assert "Better than chance, after correction, is: pose (0.10)" in text
    for row in checks(1).itertuples():
        assert f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]" in text and f"chance {row.chance:.2f}" in text


def test_the_paper_says_how_many_runs_were_trained(paper, tmp_path):
    text = text_of(paper)
    assert "one training run of every system" in text and "One run a variant." in text and "runs +" not in text
    several = write_study(tmp_path, replicates=3)
    text = text_of(write_paper(several, tmp_path, config={**CONFIGURED, "study": "full", "replicates": 3}))
    assert "“full”, seed 2026, 3 training runs of every system" in text
    assert "Few runs." in text and "One run a variant." not in text
    assert "permuting whole runs between the variants" in text
    row = study(replicates=3)["comparisons"].iloc[0]
    assert f"{printed(row['lowest'])} to {printed(row['highest'])}" in text


@pytest.mark.parametrize(("name", "says"), [("quick", "Its numbers mean nothing"), ("broken", "negative control: the")])
def test_a_run_that_is_no_study_says_so_at_the_top(paths, tmp_path, name, says):
    assert says in text_of(write_paper(paths, tmp_path, config={**CONFIGURED, "study": name}))[:600]


def test_a_study_with_fewer_conditions_says_what_was_not_run(tmp_path):
    text = text_of(write_paper(write_study(tmp_path, SKIPPED), tmp_path))
    assert "Balanced fine-tuning of the organism was not run in this study" in text
    assert "The uniform variant was not shuffled in this study" in text
    assert "T4. Its conditions were not run in this study" in text
    assert "This figure was not drawn in this study" in text


def test_a_missing_value_is_named_with_its_place(paths, tmp_path):
    source = write_draft(tmp_path, 'All #v("dataset.synface.test.n").\n\nOne #v("metric.none.macro_f1").')
    with pytest.raises(StudyError, match=r"does not have: metric\.none\.macro_f1 \(used in draft\.typ, line 4\)"):
        write_paper(paths, tmp_path, source)


def test_optional_values_and_comments_need_no_value(paths, tmp_path):
    source = write_draft(tmp_path, '#maybe("metric.none.macro_f1") // #v("metric.none.uar")\n')
    assert text_of(write_paper(paths, tmp_path, source)) == "not run in this study"
    check_references(source, {})


def test_a_value_id_built_from_parts_is_checked_while_typesetting(paths, tmp_path):
    source = write_draft(tmp_path, '#v("metric." + "none")')
    with pytest.raises(StudyError, match=r"no value is called metric\.none"):
        write_paper(paths, tmp_path, source)


def test_a_mistake_in_the_source_is_reported_without_a_traceback(paths, tmp_path):
    source = write_draft(tmp_path, "#nothing-like-this()")
    with pytest.raises(StudyError, match=r"could not set draft\.typ: unknown variable: nothing-like-this"):
        write_paper(paths, tmp_path, source)
    assert not (tmp_path / "paper.pdf").exists()


def test_a_missing_input_is_named(paths, tmp_path):
    with pytest.raises(StudyError, match=r"gone\.pdf: no such file"):
        write_paper(paths, tmp_path, figures={"fps": "gone.pdf"})


# What holds digits in the paper's source and is no result: code, names, and the rates that comparisons are about.
CODE = [
    r"//[^\n]*", r'"[^"\n]*"', r"`[^`\n]*`", r"@[\w-]+",  # comments, ids and paths, names of sources
    r"\d[\d.]*(pt|em|mm|fr|deg)\b", r"\b(width|height|dx|footer-descent): \d+%|\b(100|50|0)%|lighten\(\d+%",
    r"\b(luma|rgb|range|slice|at|pow|min|section-row|default|sum)\([^\d()\n]*\d[\d, ]*",
    r"\b(digits|colspan|columns|level|default): \d+", r"(==|[<>]=?|!=|\+|\*|/) -?\d[\d.]*", r"\d+ \*",
    r"\(\d+(, -?\d+)*\)", r"(return|else|\{) ?\{? \d+( \}|\n)", r"\b[a-z_-]+\d[\w-]*", r"#let [\w-]+ = \d+",
]  # fmt: skip
SYSTEMS = r"Qwen(2\.5-VL|2\.5-Omni|3-VL)|Gemini ?2\.5[ -]Flash|InternVL-?3(\.0)?"
NAMES = rf"\b(L[12]|T[1-4]|F1|H\.264|{SYSTEMS}|SHA-256|MP4|CC0|UTF-8)\b"
ALLOWED = {
    "From 1 to 5", "from 1 to 5", "From 5 to 25", "from 5 to 25", "1 and 5", "as 25/s", "1/s",  # rates compared
    "80% power",  # the definition of a minimal detectable effect
    "[not 0]", "min(1, _d r_)", "numbers from 10 on",  # a test, a formula, what a figure leaves out
}  # fmt: skip


def typed_numbers(text):
    """Numbers in the prose of a Typst source, with what stands around them."""
    for pattern in (*CODE, NAMES, *map(re.escape, ALLOWED)):
        text = re.sub(pattern, "", text)
    return re.findall(r"[^\n]{0,30}\d[^\n]{0,20}", text)


@pytest.mark.parametrize("source", sorted((ROOT / "paper").glob("*.typ")), ids=lambda path: path.name)
def test_no_number_is_typed_into_the_prose(source):
    assert typed_numbers(source.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("prose", ["with ρ = 0.46", "of 495 clips", "95% intervals", "rises by 3 points", "Δ +0.056"])
def test_a_number_in_the_prose_would_be_noticed(prose):
    assert typed_numbers(f"#about([The variants differ {prose} (#diff()).])") != []


def test_figures_of_the_papers_own_systems_stand_beside_the_published_ones(paths, paper, tmp_path):
    assert "The paper’s own systems" not in text_of(paper)
    metrics = study()["metrics"].query("condition == 'freq-fps5'").assign(condition="qwen-mafw-keyframes")
    answered = {"condition": "qwen-mafw-keyframes", "dataset": "mafw", "system": "Qwen2.5-VL"}
    published = read_published({name: paths[name] for name in NEEDED})
    beside = published_comparison_table(metrics, [{**answered, "published": "shuffle.ordered"}], published)
    both = pd.concat([study()["metrics"], metrics])
    claims = study()["claims"]
    own = claims[claims["claim"] == "T1"].assign(claim="T1-mafw", statement="On MAFW it rises and falls.")
    changed = write_study(tmp_path, metrics=both, published_comparison=beside, claims=pd.concat([claims, own]))
    text = text_of(
        write_paper({**changed, "conditions": paths["conditions"]}, tmp_path, tables=(*TABLES, "published_comparison"))
    )
    row = beside.set_index("metric").loc["macro_f1"]
    assert "The paper’s own systems" in text and f"[{row['low']:.2f}, {row['high']:.2f}]" in text
    assert "Qwen2.5-VL" in text and "0.24" in text and "The same for the paper’s own systems" in text
    assert f"T1-mafw On MAFW it rises and falls. {own.iloc[0]['verdict']}" in text
    assert f"Of these {len(claims)}, " in text, "claims about the paper's systems are counted apart"
