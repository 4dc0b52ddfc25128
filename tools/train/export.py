"""Writes a trained model as a Hugging Face folder: config.json and model.safetensors, float32."""
import json
import pathlib

import numpy as np


def config_of(model):
    """The configuration keys of MambaForCausalLM or Mamba2ForCausalLM."""
    first = model.layers[0].mixer
    vocabulary, width = model.embeddings.weight.shape
    config = {
        "architectures": ["MambaForCausalLM" if model.family == "mamba" else "Mamba2ForCausalLM"],
        "model_type": model.family, "vocab_size": vocabulary, "hidden_size": width, "num_hidden_layers": len(model.layers),
        "state_size": first.N, "conv_kernel": first.conv1d.weight.shape[2], "expand": 2, "use_bias": False,
        "use_conv_bias": True, "hidden_act": "silu", "layer_norm_epsilon": 1e-5, "residual_in_fp32": True,
        "tie_word_embeddings": False, "torch_dtype": "float32",
    }
    if model.family == "mamba":
        config |= {"intermediate_size": first.di, "time_step_rank": first.R}
    else:
        config |= {"num_heads": first.H, "head_dim": first.P, "n_groups": 1, "chunk_size": 256, "rms_norm": True}
    return config


def tensors_of(model):
    """Hugging Face's names for the parameters, in file order."""
    tensors = {}
    for name, value in model.state_dict().items():
        full = name if name.startswith("lm_head.") else "backbone." + name
        tensors[full] = value.detach().numpy().astype("<f4")
    return tensors


def write_safetensors(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for value in tensors.values():
            file.write(np.ascontiguousarray(value).tobytes())


def write_folder(model, folder, task, figures):
    """The folder of a model: weights, vocabulary where the tokens are symbols, what training measured, and its card."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_of(model), indent=1) + "\n")
    write_safetensors(folder / "model.safetensors", tensors_of(model))
    write_words(folder, task, figures)


def write_words(folder, task, figures):
    if pieces := getattr(task, "pieces", None):
        (folder / "vocabulary.json").write_text(json.dumps({"pieces": pieces}, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "training.json").write_text(json.dumps(figures, indent=1) + "\n")
    card = (pathlib.Path(__file__).parent / "cards" / f"{folder.name}.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(card.format(**figures), encoding="utf-8")
