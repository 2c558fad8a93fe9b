"""A folder alone says what its model is; what cannot be loaded is named, with what can."""

import json

import pytest
from tests.tiny_models.classifiers import IMAGE_CLASSIFIERS, VIDEO_CLASSIFIERS, save_classifier
from tests.tiny_models.dfer import TINY
from tests.tiny_models.models import MODELS, save_tiny
from tests.unit.hub_classifiers import frames

from emovlm.core.errors import StudyError
from emovlm.models.architectures import row_of_folder
from emovlm.models.dfer.official_weights import build_network, save_network
from emovlm.models.hub_classifier.labels import labels_of_folder
from emovlm.models.loading import load_from_folder

from emovlm.models.torch_setup import torch  # noqa: F401, its settings come first  # isort: skip
import transformers as hf


@pytest.mark.parametrize("family", MODELS)
def test_a_vision_language_model_is_known_by_its_family(tmp_path, family):
    save_tiny(family, tmp_path / "model")
    row = {"system": "model", "kind": "vlm", "training": "none", "family": family}
    assert row_of_folder(tmp_path / "model") == row


def test_a_vision_language_model_of_a_folder_answers(tmp_path):
    save_tiny("qwen2.5-vl", tmp_path / "model")
    reply = load_from_folder(tmp_path / "model", frames=2).answer([*frames(3), "Which emotion?"], ["anger", "no"], 2)
    assert set(reply.scores) == {"anger", "no"} and reply.frames == 2


def test_the_thinker_alone_and_the_organism_are_known(tmp_path):
    for model_type, family in (("qwen2_5_omni_thinker", "qwen2.5-omni"), ("fast_vlm", "fastvlm")):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
        assert row_of_folder(tmp_path)["family"] == family


@pytest.mark.parametrize(
    ("architecture", "family"),
    [(name, "image-classification") for name in IMAGE_CLASSIFIERS]
    + [(name, "video-classification") for name in VIDEO_CLASSIFIERS],
)
def test_a_classifier_is_known_by_its_architecture(tmp_path, architecture, family):
    save_classifier(architecture, tmp_path / "model")
    row = {"system": "model", "kind": "vision", "training": "none", "family": family}
    assert row_of_folder(tmp_path / "model") == row


def test_a_classifier_in_the_form_of_timm_is_known_and_loaded(tmp_path):
    """Without ``architectures`` and ``model_type``, as timm writes it to the hub."""
    prepared = {"input_size": [3, 64, 64], "mean": [0.4] * 3, "std": [0.2] * 3, "interpolation": "bicubic"}
    config = hf.TimmWrapperConfig(
        architecture="test_resnet", label_names=["fear", "anger"], num_labels=2, pretrained_cfg=prepared
    )
    hf.TimmWrapperForImageClassification(config).save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    for name in ("architectures", "model_type", "transformers_version"):
        del written[name]
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert row_of_folder(tmp_path)["family"] == "image-classification"
    assert labels_of_folder(tmp_path) == load_from_folder(tmp_path).labels == ["fear", "anger"]


def test_a_network_for_dynamic_expressions_is_known(tmp_path):
    save_network(build_network("mae-dfer", 2, TINY["mae-dfer"]), ["anger", "fear"], tmp_path / "m")
    assert row_of_folder(tmp_path / "m")["family"] == "mae-dfer"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"architectures": ["BertForMaskedLM"], "model_type": "bert"}, "BertForMaskedLM (model type bert)"),
        ({"architectures": ["ViTModel"], "model_type": "vit"}, "ViTModel (model type vit) is not a model"),
        ({"model_type": "vit"}, "no architecture (model type vit) is not a model"),
        ({"architectures": ["NewForVision"], "model_type": "new", "auto_map": {"AutoModel": "new.NewForVision"}},
         "code of its own: see docs/how-to/adding-a-system.md"),
        ([], "not the configuration of a model"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_named_with_what_can(tmp_path, config, said):
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(StudyError) as error:
        load_from_folder(tmp_path)
    assert said in str(error.value)
    if config:
        for name in ("internvl", "qwen2_5_vl", "ForImageClassification", "VideoMAEForVideoClassification"):
            assert name in str(error.value)


def test_a_folder_without_a_model_is_said_so(tmp_path):
    with pytest.raises(StudyError, match=r"no config\.json, so no model is there; give the folder"):
        row_of_folder(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(StudyError, match="an adapter is loaded together with its base"):
        row_of_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(StudyError, match="not a readable JSON file"):
        row_of_folder(tmp_path)
