#!/usr/bin/env python3
"""Trains one built-in model and writes it as an ordinary Hugging Face folder: train_builtin.py NAME [--out FOLDER].

Every run of the same name draws the same data in the same order: the seed, the number of steps and the learning-rate
curve are fixed here. Needs PyTorch 1.13 or later and NumPy; `prose` also the command `bible` (Debian: bible-kjv).
"""
import argparse
import json
import math
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

import export
import tasks
from layers import LanguageModel

# name: task, model, steps, batch, learning rate, weight decay of matrices, lowest share of the learning rate, seed
RECIPES = {
    "prose": dict(task=lambda: tasks.Prose(), model=("mamba2", 256, 192, 4, dict(N=32, P=32)), steps=2400, batch=12,
                  rate=3e-3, decay=0.05, floor=0.02, warm_up=200, seed=0),
    "copy": dict(task=lambda: tasks.Copy(), model=("mamba", 16, 64, 2, dict(N=16)), steps=3600, batch=16,
                 rate=2e-3, decay=0.0, floor=1.0, warm_up=200, seed=2),
    "topics": dict(task=lambda: tasks.Topics(), model=("mamba2", 32, 64, 2, dict(N=32, P=32)), steps=1000, batch=16,
                   rate=3e-3, decay=0.0, floor=0.05, warm_up=100, seed=7),
    "noforget": dict(task=lambda: tasks.Topics(hazard=0.0, length=64), model=("mamba2", 32, 64, 2, dict(N=32, P=32)),
                     steps=3000, batch=32, rate=3e-3, decay=0.0, floor=0.05, warm_up=100, seed=0),
    "flipflop": dict(task=lambda: tasks.FlipFlop(), model=("mamba", 8, 32, 2, dict(N=8)), steps=900, batch=32,
                     rate=3e-3, decay=0.0, floor=0.05, warm_up=0, seed=3),
}


def learning_rate(recipe, step):
    """Linear warm-up, then a half cosine down to `floor` of the full rate."""
    warm = min(1.0, step / recipe["warm_up"]) if recipe["warm_up"] else 1.0
    curve = 0.5 * (1 + math.cos(math.pi * step / recipe["steps"]))
    return recipe["rate"] * warm * (recipe["floor"] + (1 - recipe["floor"]) * curve)


def train(name, seed, report=100):
    recipe = RECIPES[name]
    seed = recipe["seed"] if seed is None else seed
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    task = recipe["task"]()
    family, vocabulary, width, layers, sizes = recipe["model"]
    model = LanguageModel(family, vocabulary, width, layers, **sizes)
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=recipe["decay"]), dict(params=vectors, weight_decay=0.0)],
                                  lr=recipe["rate"], betas=(0.9, 0.98))
    began, average = time.time(), None
    for step in range(1, recipe["steps"] + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        ids, targets = task.batch(recipe["batch"])
        loss = F.cross_entropy(model(ids).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if step % report == 0:
            print(f"{name} {step}/{recipe['steps']} loss {average:.4f} nats, {time.time() - began:.0f} s", flush=True)
    torch.manual_seed(1234)
    task.rng = np.random.default_rng(1234)
    with torch.no_grad():
        figures = task.score(model)
    figures.update(steps=recipe["steps"], batch=recipe["batch"], seed=seed, final_training_nats=average,
                   parameters=sum(p.numel() for p in model.parameters()))
    return model, task, figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "assets" / "models")
    parser.add_argument("--seed", type=int, help="another seed than the recipe's")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, task, figures = train(arguments.name, arguments.seed)
    print(json.dumps(figures, indent=1))
    export.write_folder(model, arguments.out / arguments.name, task, figures)


if __name__ == "__main__":
    main()
