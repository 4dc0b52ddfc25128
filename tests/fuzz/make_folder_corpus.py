#!/usr/bin/env python3
"""Writes the kept corpus of whole model folders: one of each family, layout and container, and some that lack something.

    make_folder_corpus.py [FOLDER]
"""
import json
import struct

from make_corpus import (LLAMA_BLOCK, LLAMA_KEYS, MAMBA, MAMBA_TENSORS, archive, count_of, entry, gguf, pickled, safetensors, strides_of,
                         tensor, tokenizer, word, write)


def shaped(**shapes):
    """Safetensors of small F32 numbers."""
    text, at = [], 0
    for name, shape in shapes.items():
        size = 4 * count_of(shape)
        text.append(entry(name, "F32", shape, at, at + size))
        at += size
    return safetensors("{" + ",".join(text) + "}", b"\x3c" * at)


FOLDER_NAMES = ["config.json", "model.safetensors", "model.safetensors.index.json", "a.safetensors", "tokenizer.json", "pytorch_model.bin",
                "model.gguf", "params.json"]


def folder(**files):
    """Files by the words of their names with _ for a point: config_json, model_safetensors ..."""
    out = b""
    for name in FOLDER_NAMES:
        if (content := files.get(name.replace(".", "_"))) is not None:
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            out += struct.pack("<BH", FOLDER_NAMES.index(name), len(raw)) + raw
    return out


def under(prefix, **shapes):
    return {prefix + name: shape for name, shape in shapes.items()}


MIXER1 = {"in_proj.weight": [8, 2], "conv1d.weight": [4, 1, 2], "conv1d.bias": [4], "x_proj.weight": [3, 4], "dt_proj.weight": [4, 1],
          "dt_proj.bias": [4], "A_log": [4, 1], "D": [4], "out_proj.weight": [2, 4]}
MIXER2 = {"in_proj.weight": [12, 2], "conv1d.weight": [6, 1, 2], "conv1d.bias": [6], "dt_bias": [2], "A_log": [2], "D": [2],
          "norm.weight": [4], "out_proj.weight": [2, 4]}
BACKBONE = {"backbone.embeddings.weight": [3, 2], "backbone.norm_f.weight": [2], "backbone.layers.0.norm.weight": [2]}
SIZES = {"hidden_size": 2, "num_hidden_layers": 1, "vocab_size": 3, "state_size": 1, "conv_kernel": 2, "expand": 2}
MAMBA1_CONFIG = SIZES | {"model_type": "mamba", "intermediate_size": 4, "time_step_rank": 1}
MAMBA2_CONFIG = SIZES | {"model_type": "mamba2", "num_heads": 2, "head_dim": 2, "n_groups": 1, "tie_word_embeddings": True}
MAMBA1_SHAPES = BACKBONE | under("backbone.layers.0.mixer.", **MIXER1)
MAMBA2_SHAPES = BACKBONE | under("backbone.layers.0.mixer.", **MIXER2)
HEAD = {"model.embed_tokens.weight": [3, 4], "model.norm.weight": [4]}
ATTENTION_SHAPES = {"input_layernorm.weight": [4], "post_attention_layernorm.weight": [4], "self_attn.q_proj.weight": [4, 4],
                    "self_attn.k_proj.weight": [2, 4], "self_attn.v_proj.weight": [2, 4], "self_attn.o_proj.weight": [4, 4]}
LLAMA_CONFIG = {"model_type": "llama", "hidden_size": 4, "intermediate_size": 3, "num_hidden_layers": 1, "vocab_size": 3, "head_dim": 2,
                "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "hidden_act": "silu",
                "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}
LLAMA_SHAPES = HEAD | under("model.layers.0.", **ATTENTION_SHAPES, **{
    "mlp.gate_proj.weight": [3, 4], "mlp.up_proj.weight": [3, 4], "mlp.down_proj.weight": [4, 3]})
EXPERTS = {"block_sparse_moe.router.layer.weight": [2, 4], "block_sparse_moe.input_linear.weight": [2, 4, 4],
           "block_sparse_moe.output_linear.weight": [2, 4, 2], "shared_mlp.input_linear.weight": [6, 4], "shared_mlp.output_linear.weight": [4, 3]}
GRANITE_CONFIG = {"model_type": "granitemoehybrid", "hidden_size": 4, "num_hidden_layers": 2, "vocab_size": 3, "layer_types": ["mamba", "attention"],
                  "num_attention_heads": 2, "num_key_value_heads": 1, "mamba_n_heads": 2, "mamba_d_head": 4, "mamba_n_groups": 1,
                  "mamba_d_state": 1, "mamba_d_conv": 2, "mamba_expand": 2, "num_local_experts": 2, "num_experts_per_tok": 1,
                  "intermediate_size": 2, "shared_intermediate_size": 3, "embedding_multiplier": 12, "residual_multiplier": 0.25,
                  "attention_multiplier": 0.5, "logits_scaling": 3, "position_embedding_type": "nope", "tie_word_embeddings": True,
                  "rms_norm_eps": 1e-5, "hidden_act": "silu"}
GRANITE_MIXER = {"in_proj.weight": [20, 4], "conv1d.weight": [10, 1, 2], "conv1d.bias": [10], "dt_bias": [2], "A_log": [2], "D": [2],
                 "norm.weight": [8], "out_proj.weight": [4, 8]}
GRANITE_SHAPES = (HEAD | under("model.layers.0.", **{"input_layernorm.weight": [4], "post_attention_layernorm.weight": [4]}, **EXPERTS)
                  | under("model.layers.0.mamba.", **GRANITE_MIXER) | under("model.layers.1.", **ATTENTION_SHAPES, **EXPERTS))
RWKV_CONFIG = {"model_type": "rwkv", "hidden_size": 2, "attention_hidden_size": 2, "intermediate_size": 3, "num_hidden_layers": 1, "vocab_size": 3,
               "layer_norm_epsilon": 1e-3, "rescale_every": 6, "tie_word_embeddings": False}
RWKV_SHAPES = ({"rwkv.embeddings.weight": [3, 2], "head.weight": [3, 2], "rwkv.ln_out.weight": [2], "rwkv.ln_out.bias": [2]}
               | under("rwkv.blocks.0.", **{f"{norm}.{part}": [2] for norm in ("pre_ln", "ln1", "ln2") for part in ("weight", "bias")})
               | under("rwkv.blocks.0.attention.", time_decay=[2], time_first=[2], time_mix_key=[1, 1, 2], time_mix_value=[1, 1, 2],
                       time_mix_receptance=[1, 1, 2], **{f"{part}.weight": [2, 2] for part in ("key", "value", "receptance", "output")})
               | under("rwkv.blocks.0.feed_forward.", time_mix_key=[1, 1, 2], time_mix_receptance=[1, 1, 2],
                       **{"key.weight": [3, 2], "receptance.weight": [2, 2], "value.weight": [2, 3]}))
SMALL = tokenizer().split(b"\0")[0]
HALVES = {name: "a.safetensors" for name in MAMBA1_SHAPES}
FOLDERS = {
    "valid-mamba": folder(config_json=MAMBA1_CONFIG, model_safetensors=shaped(**MAMBA1_SHAPES), tokenizer_json=SMALL),
    "valid-falcon": folder(config_json=MAMBA1_CONFIG | {"model_type": "falcon_mamba", "mixer_rms_eps": 1e-2, "tie_word_embeddings": True},
                           model_safetensors=shaped(**MAMBA1_SHAPES)),
    "valid-mamba2": folder(config_json=MAMBA2_CONFIG, model_safetensors=shaped(**MAMBA2_SHAPES)),
    "valid-llama": folder(config_json=LLAMA_CONFIG, model_safetensors=shaped(**LLAMA_SHAPES)),
    "valid-granite": folder(config_json=GRANITE_CONFIG, model_safetensors=shaped(**GRANITE_SHAPES)),
    "valid-rwkv": folder(config_json=RWKV_CONFIG, model_safetensors=shaped(**RWKV_SHAPES)),
    "valid-shards": folder(config_json=MAMBA1_CONFIG, model_safetensors_index_json={"weight_map": HALVES}, a_safetensors=shaped(**MAMBA1_SHAPES)),
    "valid-bin": folder(config_json=MAMBA2_CONFIG, pytorch_model_bin=archive(
        {"m/data.pkl": pickled(b"}(" + b"".join(word(name) + tensor(key=str(i), count=count_of(shape), shape=shape, strides=strides_of(shape))
                                                for i, (name, shape) in enumerate(MAMBA2_SHAPES.items())) + b"u")}
        | {f"m/data/{i}": b"\x3c" * (4 * count_of(shape)) for i, shape in enumerate(MAMBA2_SHAPES.values())})),
    "valid-gguf": folder(model_gguf=gguf(MAMBA, MAMBA_TENSORS)),
    "valid-gguf-llama": folder(model_gguf=gguf(LLAMA_KEYS, LLAMA_BLOCK)),
    "valid-original": folder(config_json={"d_model": 2, "n_layer": 1, "vocab_size": 3, "pad_vocab_size_multiple": 1,
                                          "ssm_cfg": {"d_state": 1, "d_conv": 2, "dt_rank": 1}},
                             model_safetensors=shaped(**{name.replace("embeddings", "embedding"): shape for name, shape in MAMBA1_SHAPES.items()})),
    "empty": b"",
    "no-weights": folder(config_json=MAMBA1_CONFIG),
    "no-config": folder(model_safetensors=shaped(**MAMBA1_SHAPES)),
    "tensor-missing": folder(config_json=MAMBA1_CONFIG, model_safetensors=shaped(**dict(list(MAMBA1_SHAPES.items())[:-1]))),
    "tokenizer-broken": folder(config_json=MAMBA1_CONFIG, model_safetensors=shaped(**MAMBA1_SHAPES), tokenizer_json=b"{"),
    "shard-missing": folder(config_json=MAMBA1_CONFIG, model_safetensors_index_json={"weight_map": HALVES}),
}

if __name__ == "__main__":
    write({"folder": FOLDERS}, 8192)
