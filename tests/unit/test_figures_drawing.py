"""Figures show what is in the tables: the points drawn equal the table's numbers."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox
from matplotlib.text import Text
from tests.frame_stores import write_store
from tests.unit.figures_tables import CLIP, PRIMARY, SETTINGS, SKIPPED, clip_truth, event_coverage, sample, study

from emovlm.core.errors import StudyError
from emovlm.figures import style
from emovlm.figures.classes import classes
from emovlm.figures.confusion import confusion, counts_of, short_names
from emovlm.figures.dag import dag
from emovlm.figures.dose_response import dose_response
from emovlm.figures.enrichment import enrichment
from emovlm.figures.estimator_agreement import estimator_agreement
from emovlm.figures.event_coverage import event_coverage as event_coverage_figure
from emovlm.figures.fps import fps
from emovlm.figures.frequency import frequency
from emovlm.figures.labels import scores
from emovlm.figures.lexical import lexical
from emovlm.figures.registry import figures
from emovlm.figures.reliability import FAMILIES, LEAST_N, reliability
from emovlm.figures.samplers import PICTURES, samplers
from emovlm.figures.shuffle import BAG_OF_FRAMES, ORDERS, shuffle
from emovlm.figures.specification_curve import specification_curve
from emovlm.figures.variants import rho_by_run, variants
from emovlm.lexicon.estimator import permuted_counts

STUDY = {"study": "embedded"}


def draw(name, tables=None, stores=None, **changed):
    """Draw a figure from the small study, some tables replaced."""
    tables = {**study(), **(tables or {}), **changed}
    emotions = list(dict.fromkeys(tables["per_class"]["emotion"]))
    truth, frame_truth = clip_truth()
    samples = {
        "fps5": sample(range(2, 50, 5)),
        "fps5-shuffled": sample([22, 2, 47, 12]),
        "keyframes": sample([12, 37], "keyframe"),
    }
    pick = lambda *names: {n: tables[n] for n in names if tables[n] is not None}  # noqa: E731
    with style.context():
        return {
            "lexical": lambda: lexical(
                **pick("per_class", "frequency", "correlations", "conditions", "systems"), **PRIMARY
            ),
            "variants": lambda: variants(
                **pick("per_run", "frequency", "contrasts", "conditions"),
                language="en",
                seed=SETTINGS["seed"],
                **PRIMARY,
            ),
            "dose_response": lambda: dose_response(**pick("doses", "slopes", "conditions")),
            "confusion": lambda: confusion(**pick("confusion", "conditions", "systems"), classes=emotions),
            "fps": lambda: fps(**pick("metrics", "conditions", "frame_samplers", "paper_fps_curve"), **STUDY),
            "shuffle": lambda: shuffle(
                **pick("metrics", "conditions", "frame_samplers", "paper_frame_shuffle", "reanalysis"), **STUDY
            ),
            "event_coverage": lambda: event_coverage_figure(tables["event_coverage"]),
            "enrichment": lambda: enrichment(**pick("comparisons", "conditions", "paper_msce"), **STUDY),
            "frequency": lambda: frequency(**pick("frequency", "estimator_agreement"), **PRIMARY),
            "estimator_agreement": lambda: estimator_agreement(
                **pick("frequency", "estimator_agreement", "concordance"), **PRIMARY
            ),
            "specification_curve": lambda: specification_curve(
                **pick("correlations", "specifications", "contrasts", "conditions"), **PRIMARY
            ),
            "classes": lambda: classes(**pick("manifest", "mafw_classes"), classes=emotions, **STUDY),
            "samplers": lambda: samplers(samples, truth, frame_truth, tables["frame_samplers"], stores),
            "reliability": lambda: reliability(**pick("reliability", "metrics", "conditions", "systems"), **STUDY),
            "dag": dag,
        }[name]()


def texts(figure):
    """All text of a figure or panel, with line breaks as spaces."""
    return " ".join(" ".join(text.get_text() for text in figure.findobj(Text)).split())


def line(axes, label):
    """Points of the line of that label."""
    return next(each.get_xydata() for each in axes.lines if each.get_label() == label)


def without(claim):
    """The small study with no condition and no comparison for a claim."""
    tables = study()
    return {
        "conditions": tables["conditions"].assign(claims=tables["conditions"]["claims"].str.replace(claim, "")),
        "comparisons": tables["comparisons"][tables["comparisons"]["claim"] != claim],
        **{name: tables[name].iloc[:0] for name in ("contrasts", "slopes", "doses")},
    }


def test_lexical_points_are_the_frequency_and_f1_of_each_class():
    figure, tables = draw("lexical"), study()
    words = tables["frequency"].query("language == 'en' and source == 'google-books-2012' and form == 'family'")
    drawn = ["rare-frequency-fps5", "rare-uniform-fps5", "videomae-balanced"]
    for axes, condition in zip(figure.axes[:3], drawn, strict=True):
        expected = words.merge(tables["per_class"][tables["per_class"]["condition"] == condition], on="emotion")[
            ["per_million", "f1"]
        ]
        np.testing.assert_array_equal(line(axes, "classes"), expected.dropna())
    assert "control: never saw a word" in figure.axes[2].get_title(loc="left")


def test_lexical_panels_print_rho_and_its_leave_one_out_range():
    row = study()["correlations"].query(
        "subject == 'rare-uniform-fps5' and language == 'zh' and source == 'google-books-2012' and form == 'family'"
    ).iloc[0]  # fmt: skip
    shown = texts(draw("lexical").axes[4])
    assert f"ρ = {row['rho']:.2f}".replace("-", "−") in shown
    assert f"LOO {row['rho_low']:.2f} to {row['rho_high']:.2f}".replace("-", "−") in shown


def test_a_class_that_is_not_completely_listed_is_left_out_of_the_points_and_named():
    words = study()["frequency"].copy()
    gone = (words["emotion"] == "contempt") & (words["language"] == "en")
    words.loc[gone, ["count", "per_million"]] = np.nan
    words.loc[gone, "listing"] = "censored"
    figure = draw("lexical", frequency=words)
    assert len(line(figure.axes[0], "classes")) == 10
    named = "contempt (English), helplessness (Chinese)"
    assert f"Left out, since the source does not list all terms: {named}." in texts(figure)
    assert len(line(figure.axes[4], "classes")) == 10


@pytest.mark.parametrize("replicates", [1, 3])
def test_doses_are_drawn_over_their_exposure_and_the_slope_is_the_best_line_through_the_rest(replicates):
    tables = study(replicates=replicates)
    left, right = draw("dose_response", tables).axes
    doses = tables["doses"][tables["doses"]["condition"] == "unif-fps5"]
    np.testing.assert_array_equal(line(left, "Organism, uniform captions"), doses[["exposure", "recall"]])
    row = tables["slopes"].iloc[0]
    points = np.concatenate([each.get_xydata() for each in right.lines if each.get_label() == "_points"])
    fitted = (points[:, 0] @ points[:, 1]) / (points[:, 0] @ points[:, 0])
    ends = next(each.get_xydata() for each in right.lines if each.get_label().startswith(row["slope"]))
    assert np.diff(ends[:, 1]) / np.diff(ends[:, 0]) == pytest.approx(row["estimate"])
    assert fitted == pytest.approx(row["estimate"], abs=0.01 if replicates > 1 else 1e-9)


def test_confusion_cells_are_shares_of_the_labels_clips():
    figure, tables = draw("confusion"), study()
    emotions = list(dict.fromkeys(tables["per_class"]["emotion"]))
    counts = counts_of(tables["confusion"], "natural-fps5", emotions, [*emotions, "failed"]).to_numpy()
    assert counts.sum() == 132
    axes = next(each for each in figure.axes if "natural fine-tuning" in each.get_title(loc="left"))
    drawn = axes.collections[0].get_array().reshape(counts.shape)
    np.testing.assert_allclose(drawn, counts / counts.sum(axis=1, keepdims=True))


def test_class_names_are_cut_to_the_shortest_that_differ():
    assert short_names(["disgust", "disappointment", "fear"]) == ["disg", "disa", "fear"]
    assert short_names(["helpless", "helpful"]) == ["helpl", "helpf"]


def test_the_arm_with_other_words_has_no_panel_over_the_real_ones():
    assert "permuted" not in texts(draw("lexical"))


@pytest.mark.parametrize("replicates", [1, 3])
def test_arms_dots_are_rho_of_each_run_and_their_mean_is_the_contrasts(replicates):
    tables = study(replicates=replicates)
    left, right = draw("variants", tables).axes
    rows = tables["contrasts"].query("language == 'en'")
    dots = [each.get_xdata() for each in left.lines if each.get_label() == "_runs"]
    real, permuted = rows[rows["words"] == "real"], rows[rows["words"] == "permuted"].iloc[0]
    expected = [*dict.fromkeys([*real[["rho_a", "rho_b"]].to_numpy().ravel()]), permuted["rho_a"], permuted["rho_b"]]
    assert [len(each) for each in dots] == [replicates] * 5
    np.testing.assert_allclose([np.mean(each) for each in dots], expected)
    np.testing.assert_allclose(
        [each.get_xdata()[0] for each in right.lines if each.get_marker() == "o"], rows["difference"]
    )
    ranges = [each.get_xdata() for each in right.lines if each.get_label() == "_interval"]
    np.testing.assert_allclose(ranges, rows[["low", "high"]])
    assert ("p = 0.050 (runs)" in texts(right)) == (replicates == 3 and (rows["p"] == 0.05).any())


def test_rho_by_run_of_f1_that_follows_the_words_is_one():
    words = pd.Series(permuted_counts({"a": 5.0, "b": 4.0, "c": 3.0, "d": 2.0, "e": 1.0}, 1))
    run = pd.DataFrame({"replicate": 1, "emotion": words.index, "f1": words.rank().to_numpy() / 10})
    assert rho_by_run(pd.concat([run, run.assign(replicate=2, f1=-run["f1"])]), words) == pytest.approx([1, -1])


def test_fps_points_and_intervals_are_the_metrics_of_each_rate():
    axes = draw("fps").axes[0]
    table = scores(study()["metrics"], "macro_f1").set_index("condition")
    for label, step, rates, conditions in (
        (
            "more frames, as in the paper",
            0,
            [1, 5, 10, 15, 20, 25],
            [f"freq-fps{rate}" for rate in (1, 5, 10, 15, 20, 25)],
        ),
        ("equal tokens", -0.023 * 24, [1, 5, 25], ["freq-fps1-held", "freq-fps5-held", "freq-fps25"]),
        ("equal number of frames", 0.023 * 24, [1, 5, 25], [f"freq-window{rate}" for rate in (1, 5, 25)]),
    ):
        expected = np.column_stack([np.array(rates) + step, table.loc[conditions, "value"]])
        np.testing.assert_allclose(line(axes, f"Organism, frequency captions: {label}"), expected)
    spans = {tuple(each.get_ydata()) for each in axes.lines if each.get_label() == "_interval"}
    wanted = study()["conditions"].query("claims.str.contains('T1')")["condition"]
    assert spans == set(table.loc[wanted, ["low", "high"]].itertuples(index=False, name=None))


def test_below_stands_how_many_frames_were_really_shown_at_each_rate():
    metrics = study()["metrics"].copy()
    rates = {"freq-fps1": (3.87, 1, 9), "freq-fps25": (15.0, 15, 15)}  # as a system's own limit leaves them
    for condition, numbers in rates.items():
        metrics.loc[metrics["condition"] == condition, ["shown", "shown_min", "shown_max"]] = numbers
    said = " ".join(texts(draw("fps", metrics=metrics)).split())
    assert "a clip, mean (fewest to most): Organism, frequency captions, more frames: 3.9 (1 to 9) at 1/s, 8.0" in said
    assert "15.0 at 25/s; Organism, frequency captions, equal tokens: 8.0 at 1/s" in said
    metrics[["shown", "shown_min", "shown_max"]] = np.nan
    assert "Frames really shown" not in texts(draw("fps", metrics=metrics))


def test_small_dots_are_the_single_runs():
    tables = study(replicates=3)
    shown = {round(y, 9) for each in draw("fps", tables).axes[0].lines if each.get_label() == "_runs"
             for y in each.get_ydata()}  # fmt: skip
    runs = tables["per_run"].query("condition == 'freq-fps10'").groupby("replicate")["f1"].mean()
    assert len(runs) == 3 and {round(value, 9) for value in runs} <= shown
    assert "Means of 3 training runs" in texts(draw("fps", tables))
    assert not [each for each in draw("fps").axes[0].lines if each.get_label() == "_runs"]


def test_published_curves_have_a_panel_of_their_own():
    measured, published = draw("fps").axes
    curve = study()["paper_fps_curve"].query("system == 'EmotionQwen'")
    np.testing.assert_array_equal(line(published, "EmotionQwen"), curve[["fps", "macro_f1"]])
    usual, long = "Organism, frequency captions: ", "Organism, long prompts: "
    assert {each.get_label() for each in measured.lines} == {
        "_interval", f"{usual}more frames, as in the paper", f"{usual}equal tokens", f"{usual}equal number of frames",
        f"{long}more frames, as in the paper",
    }  # fmt: skip


def test_a_declared_condition_that_was_not_run_is_named():
    metrics = study()["metrics"].query("condition != 'freq-fps20'")
    figure = draw("fps", metrics=metrics)
    assert "Not run: freq-fps20." in texts(figure)
    assert 20 not in line(figure.axes[0], "Organism, frequency captions: more frames, as in the paper")[:, 0]


def marks(axes):
    """Value and colour of each mark that is not a small dot."""
    return {(x, to_hex(each.get_color())) for each in axes.lines if each.get_marker() in "os^" and each.get_xdata().size
            for x in each.get_xdata()}  # fmt: skip


def test_shuffle_marks_are_the_scores_in_each_order_on_all_clips_and_on_those_that_depend_on_it():
    figure = draw("shuffle")
    found = {each.get_title(loc="left").split("\n")[-1]: each for each in figure.axes}
    for title, clips, metric in (
        ("all clips (n = 132)", "all", "macro_f1"),
        ("clips whose class depends on order (n = 27)", "order", "accuracy"),
    ):
        table = scores(study()["metrics"], metric, clips).set_index("condition")["value"]
        for order, ending in (("ordered", ""), ("shuffled", "-shuffled"), ("reversed", "-reversed")):
            color = ORDERS[order][1].lower()
            for system in ("freq-fps5", "unif-fps5", "natural-fps5", "videomae-natural"):
                assert (table[system + ending], color) in marks(found[title])
    limit = [
        each for each in found["clips whose class depends on order (n = 27)"].lines if each.get_linestyle() == "--"
    ]
    assert [each.get_xdata()[0] for each in limit] == [BAG_OF_FRAMES]


def test_hit_points_are_measured_and_the_line_is_the_closed_form():
    axes = draw("event_coverage").axes[0]
    table = event_coverage().query("sampler == 'fps1'")
    np.testing.assert_array_equal(line(axes, "1/s")[:, 1], table["measured"])
    form = next(each for each in axes.lines if each.get_label() == "_closed form").get_xydata()
    np.testing.assert_allclose(form[:, 1], np.minimum(1, form[:, 0]))


def test_enrichment_points_are_the_differences():
    rows = study()["comparisons"].query("claim == 'T4'")
    axes, published = draw("enrichment").axes
    for marker, mine in (("o", rows["family"] == "T4"), ("s", rows["family"] != "T4")):
        drawn = [each.get_xdata()[0] for each in axes.lines if each.get_marker() == marker]
        assert drawn == list(rows.loc[mine, "difference"])
    assert "MSCE − texts about keyframes" in texts(axes) and "micro-expressions" in texts(axes)
    assert f"p (Holm) {style.p_value(rows.iloc[0]['p_holm'])}" in texts(axes)
    gains = next(each for each in published.lines if each.get_marker() == "D").get_xdata()
    np.testing.assert_allclose(sorted(gains), [0.4820 - 0.4552, 0.2731 - 0.2449])


def test_frequency_cells_are_ranks_and_words_that_are_not_all_listed_are_hatched():
    table = study()["frequency"].query("form in ('family', 'noun', 'adjective')")
    axes = draw("frequency").axes[0]
    first = table.query("language == 'en' and source == 'google-books-2012' and form == 'family'")
    order = [label.get_text() for label in axes.get_xticklabels()]
    assert order == list(first.sort_values("count", ascending=False)["emotion"])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [
        "English", "google-books-2012   family", "noun", "adjective", "google-books-fiction   family", "noun",
        "adjective", "Chinese", "google-books-2012   family", "adjective",
    ]  # fmt: skip
    ranks = axes.images[0].get_array()
    assert list(ranks[1]) == list(range(1, 12))
    fiction = table.query("source == 'google-books-fiction' and form == 'family'").set_index("emotion")
    complete = fiction[fiction["listing"] == "complete"]["count"].rank(ascending=False)
    drawn = pd.Series(ranks[4].filled(np.nan), order).dropna()
    assert drawn.to_dict() == complete.to_dict() and len(complete) == 2
    for listing, hatch in (("censored", "//////"), ("partial", "///")):
        hatched = [patch for patch in axes.patches if patch.get_hatch() == hatch]
        assert len(hatched) == (table["listing"] == listing).sum() > 0
    cut = fiction[fiction["listing"] == "partial"]
    assert all(f"{row.terms_listed}/{row.terms_asked}" in texts(axes) for row in cut.itertuples())


def numbers(axes):
    """The text of each cell of a panel by its place."""
    return {(text.get_position()): text.get_text() for text in axes.texts}


def test_agreement_cells_are_rho_with_its_classes_and_pairs_without_rho_are_hatched():
    axes, table = draw("estimator_agreement").axes[0], study()["estimator_agreement"]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["English", "google-books-2012", "google-books-fiction", "Chinese", "google-books-2012"]
    family = table.query("form_a == 'family' and form_b == 'family'")
    across = family.query("language_a == 'en' and language_b == 'zh' and source_a == 'google-books-2012'").iloc[0]
    assert across["n_classes"] == 10
    assert numbers(axes)[1, 4] == f"{across['rho']:.2f}".lstrip("0") + "\n(10)"
    assert sorted(patch.get_hatch() for patch in axes.patches if patch.get_hatch()) == ["/////"] * 5
    assert family["rho"].isna().sum() == 2, "fiction lists two families; and so its forms are not compared with it"
    forms = table.query("source_a == source_b and form_a == 'adjective' and form_b == 'noun'")
    shown = forms.set_index("source_a")["rho"].map("{:.2f}".format).str.lstrip("0")
    start = next(x for x, y in numbers(axes) if y == 1 and x > 4)
    assert numbers(axes)[start + 2, 1] == shown["google-books-2012"]
    assert (start + 2, 2) not in numbers(axes) and np.isnan(forms.set_index("source_a")["rho"]["google-books-fiction"])


def test_the_curve_is_the_sorted_rhos_of_the_claims_subject_and_its_control_stands_at_the_same_estimators():
    figure, table = draw("specification_curve"), study()["correlations"]
    upper, published, below = figure.axes
    subject = table[table["subject"] == "rare-frequency-fps5"].sort_values("rho")
    marks = [each for each in upper.lines if each.get_label() == "_rho"]
    dots = sorted((each for each in marks if each.get_marker() == "o"), key=lambda each: each.get_xdata()[0])
    drawn = [each.get_ydata()[0] for each in dots]
    np.testing.assert_allclose(drawn, subject["rho"])
    control = table[table["subject"] == "videomae-balanced"].set_index(["language", "source", "form"])["rho"]
    at = {round(each.get_xdata()[0]): each.get_ydata()[0] for each in marks if each.get_marker() == "s"}
    keys = list(subject[["language", "source", "form"]].itertuples(index=False, name=None))
    assert at == {k: control[key] for k, key in enumerate(keys) if key in control.index}
    primary = [k for k, key in enumerate(keys) if key[1:] == ("google-books-2012", "family")]
    bold = {round(each.get_xdata()[0]) for each in marks if to_hex(each.get_markeredgecolor()) == style.INK}
    assert bold == set(primary) and len(primary) == 2
    filled = [to_hex(each.get_markerfacecolor()) != "#ffffff" for each in dots]
    assert filled == list(subject["p"] <= 0.05)
    row = study()["specifications"].query("subject == 'rare-frequency-fps5' and language == 'all'").iloc[0]
    assert f"median {row['rho_median']:.2f}, p {style.p_value(row['p'])}".replace("-", "−") in texts(upper)
    spans = [each.get_ydata() for each in published.lines if each.get_label() == "_range"]
    assert len(spans) == len(subject) and all(low <= high for low, high in spans)
    assert f"{len(subject)} estimators" in texts(figure)
    chosen = {each.get_xdata()[0]: len(each.get_ydata()) for each in below.lines if each.get_label() == "_choice"}
    assert chosen == dict.fromkeys(range(len(subject)), 3)


def test_class_bars_are_the_manifests_counts():
    measured, published = draw("classes").axes
    assert [patch.get_width() for patch in measured.patches] == [12] * 11
    assert "12 a class, n = 132" in texts(measured)
    assert sum(patch.get_width() for patch in published.patches) == 9172


def test_sampler_marks_lie_at_the_frames_times_and_are_coloured_by_the_order_shown():
    upper, lower, *_ = draw("samplers").axes
    shuffled = next(each for each in lower.collections if len(each.get_offsets()) == 4)
    np.testing.assert_array_equal(shuffled.get_offsets()[:, 0], np.array([22, 2, 47, 12]) / 25)
    np.testing.assert_allclose(shuffled.get_array(), [0, 1 / 3, 2 / 3, 1])
    assert [label.get_text() for label in lower.get_yticklabels()] == [
        "fps5 (10)", "keyframes (2)", "fps5-shuffled (4)"
    ]  # fmt: skip
    assert "A number of frames a second" in texts(lower) and "equal tokens" not in texts(lower)
    assert upper.collections[0].get_paths()[0].vertices[:, 1].max() == 0.5, "the blink is no part of the expression"
    assert upper.get_title(loc="left") == f"{CLIP}: fear (micro-expression), event from 1.00 to 1.40 s (shaded)"


def test_the_pictures_of_a_clip_are_its_frames_at_even_times_and_one_is_of_the_apex(tmp_path):
    gray = np.tile(np.arange(50, dtype=np.uint8)[:, None, None, None], (1, 8, 8, 3))
    write_store({CLIP: gray}, tmp_path / "0.safetensors")
    write_store({"synface/other": gray}, tmp_path / "1.safetensors")
    figure = draw("samplers", stores={k: tmp_path / f"{k}.safetensors" for k in "01"})
    boxes = [each for each in figure.axes[0].artists if isinstance(each, AnnotationBbox)]
    frames = [int(box.offsetbox.get_data()[0, 0, 0]) for box in boxes]
    assert len(frames) == PICTURES and frames == sorted(frames)
    assert 27 in frames, "of the frames taken, the one next to the apex at 1.1 s"
    inside = [to_hex(box.patch.get_edgecolor()) == style.BLUE.lower() for box in boxes]
    assert [25 <= frame <= 35 for frame in frames] == inside and any(inside)


def test_a_sampler_that_shows_frames_again_says_how_many_differ():
    with style.context():
        figure = samplers({"fps5-held": sample([2, 2, 2, 7, 7])})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["fps5-held (5, 2 different)"]


def test_reliability_points_are_the_bins_with_enough_answers_and_their_intervals():
    table = study()["reliability"].query("condition == 'rare-uniform-fps5'")
    figure = draw("reliability")
    axes = figure.axes[0]
    curve = next(each for each in axes.lines if each.get_label().startswith("rare uniform")).get_xydata()
    np.testing.assert_array_equal(curve, table.loc[table["n"] >= LEAST_N, ["confidence", "accuracy"]])
    assert len(curve) == len(table) - 1
    spans = {tuple(each.get_ydata()) for each in axes.lines if each.get_label() == "_interval"}
    assert set(table[["low", "high"]][1:].itertuples(index=False, name=None)) <= spans
    assert [each.get_title(loc="left") for each in figure.axes] == list(FAMILIES)


def test_reliability_curves_are_named_with_their_calibration_error():
    metrics = study()["metrics"]
    row = metrics.query("condition == 'natural-fps5' and metric == 'accuracy' and clips == 'all'")
    assert "natural, ECE 0.12" in texts(draw("reliability", metrics=pd.concat([
        metrics[metrics["metric"] != "ece"], row.assign(metric="ece", value=0.123)
    ])))  # fmt: skip


def test_published_dumbbells_have_the_changes_and_the_sign_tests_of_the_reanalysis():
    shown = texts(draw("shuffle"))
    assert "vision only: 2 of 2 fall, mean −0.060, p = 0.500*" in shown
    assert "VLMs: 7 of 8 fall, mean −0.011, p = 0.070" in shown
    assert "−0.084" in shown and "+0.006" in shown
    assert "sign test" not in texts(draw("shuffle", reanalysis=None))


def test_a_clip_that_no_sampler_took_is_an_error():
    with pytest.raises(StudyError, match="no sampler took a frame of clip 'synface/none'"):
        samplers({"fps5": sample([1, 2])}, clip="synface/none")


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("lexical", "L1"),
        ("variants", "L1"),
        ("dose_response", "L1"),
        ("specification_curve", "L1"),
        ("confusion", "L2"),
        ("fps", "T1"),
        ("shuffle", "T2"),
        ("enrichment", "T4"),
    ],
)
def test_a_study_without_a_claims_conditions_says_so(name, claim):
    assert style.ABSENT in texts(draw(name, without(claim)))


@pytest.mark.parametrize("name", figures())
def test_a_study_with_fewer_conditions_has_the_same_figures(name):
    assert draw(name, study(SKIPPED)).axes


def test_no_events_are_said_to_be_absent():
    assert style.ABSENT in texts(draw("event_coverage", event_coverage=event_coverage().iloc[:0]))


@pytest.mark.parametrize("name", figures())
@pytest.mark.parametrize(("published", "replicates"), [(True, 1), (False, 1), (True, 3)])
def test_all_text_is_inside_the_figure_and_at_least_seven_points(name, published, replicates):
    absent = (
        {} if published else dict.fromkeys(["paper_fps_curve", "paper_frame_shuffle", "paper_msce", "mafw_classes"])
    )
    with style.context():
        figure = draw(name, {**study(replicates=replicates), **absent})
        figure.draw_without_rendering()
        inside = figure.get_tightbbox(figure.canvas.get_renderer())
    page = figure.bbox_inches.padded(0.02)
    assert page.contains(inside.x0, inside.y0) and page.contains(inside.x1, inside.y1), inside
    written = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in written) >= style.SMALL_PT


def test_an_interval_that_is_missing_is_not_drawn():
    none = dict.fromkeys(["low", "high", "lowest", "highest"], np.nan)
    metrics, comparisons = study()["metrics"].assign(**none), study()["comparisons"].assign(**none)
    assert not [each for each in draw("fps", metrics=metrics).axes[0].lines if each.get_label() == "_interval"]
    assert "nan" not in texts(draw("enrichment", comparisons=comparisons))
