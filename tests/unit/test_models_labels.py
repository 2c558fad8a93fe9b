"""Labels of a classifier and classes of a study: a missing or a double one is an error that lists both sides."""

import pytest

from emovlm.core.errors import StudyError
from emovlm.lexicon.terms import read_classes, read_terms
from emovlm.models.hub_classifier.labels import label_settings, match_labels, read_label_map

TABLES = read_classes(), read_terms()
ROW = {"system": "s", "kind": "vision", "training": "none", "family": "image-classification"}
WORDS = label_settings(ROW, *TABLES)["label_words"]
ALL = list(WORDS)
SEVEN = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]


@pytest.mark.parametrize(
    "labels",
    [
        ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"],  # FER2013
        ["Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"],
        ["angry", "disgusted", "fearful", "happy", "neutrality", "sad", "surprised"],
        ["ANGRY ", " Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"],
    ],
)
def test_the_usual_names_of_seven_classes_are_matched_by_the_lexicons_words(labels):
    found = match_labels(labels, SEVEN, WORDS)
    assert found.numbers == {name: [number] for number, name in enumerate(SEVEN)}
    assert (found.missing, found.left_out) == ([], [])
    assert str(found) == "7 of 7 classes have a label"


def test_every_class_is_matched_by_its_own_name_noun_and_adjective():
    of_form = {
        form: [next(t.text for t in TABLES[1] if t.emotion == name and t.form == form) for name in ALL]
        for form in ("noun", "adjective")
    }
    for labels in (ALL, *of_form.values()):
        assert match_labels(labels, ALL, WORDS).numbers == {name: [number] for number, name in enumerate(ALL)}


def test_without_a_lexicon_the_classes_own_names_count():
    assert match_labels(["B", "a"], ["a", "b"]).numbers == {"a": [1], "b": [0]}
    with pytest.raises(StudyError, match="no label stands for happiness"):
        match_labels(["happy", "sadness"], ["happiness", "sadness"])


def test_classes_by_other_words_of_the_lexicon_are_matched_too():
    """Such as the names of folders, in a dataset of one's own."""
    found = match_labels(["Happiness", "sadness", "angry"], ["happy", "sad", "Angry"], WORDS)
    assert found.numbers == {"happy": [0], "sad": [1], "Angry": [2]}
    assert match_labels(["bored", "happy"], ["happy", "bored"], WORDS).numbers == {"happy": [1], "bored": [0]}


def test_words_are_compared_whole():
    with pytest.raises(StudyError, match="no label stands for fear"):
        match_labels(["fearless", "anger"], ["fear", "anger"], WORDS)


def test_a_label_of_a_class_that_is_not_asked_about_is_left_out():
    labels = ["anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    found = match_labels(labels, SEVEN, WORDS)
    assert found.left_out == ["contempt"] and found.numbers["disgust"] == [2]
    assert str(found) == "7 of 7 classes have a label; labels left out: contempt"


def test_the_map_names_what_the_lexicon_does_not():
    labels = ["LABEL_0", "LABEL_1", "joy", "sad", "bored"]
    given = {"label_0": "anger", "LABEL_1": "fear", "joy": "happiness", "bored": ""}
    found = match_labels(labels, ["anger", "fear", "happiness", "sadness"], WORDS, given)
    assert found.numbers == {"anger": [0], "fear": [1], "happiness": [2], "sadness": [3]}
    assert found.left_out == ["bored"]


def test_the_map_wins_over_the_lexicon():
    found = match_labels(["happy", "joy"], ["happiness"], WORDS, {"happy": "", "joy": "happiness"})
    assert found.numbers == {"happiness": [1]} and found.left_out == ["happy"]


def test_several_labels_stand_for_one_class_only_if_the_map_names_them_all():
    labels = ["angry", "annoyed", "sad"]
    with pytest.raises(StudyError, match="several labels stand for anger: angry, annoyed"):
        match_labels(labels, ["anger", "sadness"], WORDS, {"annoyed": "anger"})
    found = match_labels(labels, ["anger", "sadness"], WORDS, {"annoyed": "anger", "angry": "anger"})
    assert found.numbers == {"anger": [0, 1], "sadness": [2]}


def test_a_class_of_the_lexicon_may_be_in_the_map_and_not_be_asked_about():
    given = {"scorn": "contempt"}
    assert match_labels(["scorn", "sad"], ["sadness"], WORDS, given).left_out == ["scorn"]
    assert match_labels(["scorn", "sad"], ["contempt", "sadness"], WORDS, given).missing == []


def test_a_missing_class_is_an_error_that_lists_both_sides():
    with pytest.raises(StudyError) as error:
        match_labels(["happy", "suprise", "sad"], ["happiness", "sadness", "surprise"], WORDS)
    said = str(error.value)
    assert "no label stands for surprise" in said
    assert "Labels of the model: happy, suprise, sad." in said
    assert "Classes of the study: happiness, sadness, surprise." in said
    assert "Matched: happy=happiness, sad=sadness." in said
    assert "label_map" in said and "missing_labels" in said


@pytest.mark.parametrize(
    ("labels", "words", "given", "said"),
    [
        (["happy", "sad", "Happy"], WORDS, {}, "several labels stand for happiness: happy, Happy"),
        (["happy", "sadness", "sad"], WORDS, {}, "several labels stand for sadness: sadness, sad"),
        (["happy", "sad"], WORDS, {"glad": "happiness"}, "label_map names a label 'glad' that the model lacks"),
        (["happy", "sad"], WORDS, {"happy": "joy"}, "label_map names an unknown class 'joy'"),
        (["blue", "happy"], {"sadness": ["blue"], "happiness": ["blue", "happy"]}, {},
         "the label 'blue' could be happiness or sadness"),
    ],
)  # fmt: skip
def test_what_is_double_or_unknown_is_an_error_that_lists_both_sides(labels, words, given, said):
    with pytest.raises(StudyError) as error:
        match_labels(labels, ["happiness", "sadness"], words, given)
    assert said in str(error.value)
    assert f"Labels of the model: {', '.join(labels)}. Classes of the study: happiness, sadness" in str(error.value)


def test_missing_classes_are_allowed_if_the_row_says_so_but_not_all_of_them():
    found = match_labels(["happy"], ["happiness", "contempt"], WORDS, allow_missing=True)
    assert (found.numbers, found.missing) == ({"happiness": [0]}, ["contempt"])
    assert str(found) == "1 of 2 classes have a label; never predicted: contempt"
    with pytest.raises(StudyError, match="no label stands for happiness, contempt"):
        match_labels(["cat", "dog"], ["happiness", "contempt"], WORDS, allow_missing=True)


def test_a_map_is_pairs_or_a_file_of_them(tmp_path):
    pairs = {"happy": "happiness", "not sure": ""}
    assert read_label_map("happy=happiness; not sure = ;", "here") == pairs
    file = tmp_path / "labels.txt"
    file.write_text("# the model's labels\nhappy=happiness\n\nnot sure=\n")
    assert read_label_map(str(file), "here") == pairs
    assert read_label_map(pairs, "here") == pairs


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "nowhere.txt",
            "here: label_map 'nowhere.txt' is neither pairs such as happy=happiness;sad=sadness nor a text",
        ),
        ("happy=happiness;sad", "here: label_map has 'sad'; write label=class"),
        ("=happiness", "here: label_map has '=happiness'; write label=class"),
        ("happy=happiness;Happy=sadness", "here: label_map names the label 'Happy' twice"),
    ],
)
def test_a_map_that_cannot_be_read_is_an_error(given, said):
    with pytest.raises(StudyError) as error:
        read_label_map(given, "here")
    assert said in str(error.value)


def test_settings_are_the_classes_words_and_the_map_and_nothing_for_other_systems(tmp_path):
    (tmp_path / "labels.txt").write_text("joy=happiness\n")
    found = label_settings({**ROW, "label_map": str(tmp_path / "labels.txt")}, *TABLES)
    assert found["label_map"] == {"joy": "happiness"}  # the file's content, so that an edit is a change
    assert found["label_words"]["happiness"][:4] == ["happier", "happiest", "happiness", "happy"]
    assert found["label_words"]["contempt"] == ["contempt", "contemptible", "contemptuous", "輕蔑", "轻蔑"]
    own = [{**row, "labels-own": f"my {row['emotion']}"} for row in TABLES[0]]
    assert "my fear" in label_settings(ROW, own, TABLES[1])["label_words"]["fear"]
    for family in ({}, {"family": "mae-dfer"}, {"family": "qwen2.5-vl"}):
        assert label_settings({"system": "s", **family}, *TABLES) == {}


def test_a_map_may_call_a_class_by_another_word_of_the_lexicon_and_name_classes_that_are_not_asked():
    labels = ["Freude", "Wut", "Ekel"]
    given = {"Freude": "happiness", "Wut": "anger", "Ekel": "disgust"}
    assert match_labels(labels, ["happy", "anger"], WORDS, given).numbers == {"happy": [0], "anger": [1]}
