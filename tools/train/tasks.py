"""The data of the built-in models: each task draws batches (ids, targets) and scores a model on what it promises."""
import math
import re
import subprocess

import numpy as np
import torch
import torch.nn.functional as F


class Prose:
    """Bytes of the King James Bible (public domain outside the United Kingdom), verse numbers removed; last 5 % held out."""

    def __init__(self, length=256):
        text = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True).stdout
        lines = [re.sub(r"^\S+ ", "", line) for line in text.splitlines()]
        data = "\n".join(lines).encode()
        cut = int(len(data) * 0.95)
        self.held_out = data[cut:]
        self.train = torch.tensor(list(data[:cut]))
        self.length = length

    def batch(self, size):
        starts = torch.randint(0, len(self.train) - self.length - 1, (size,))
        rows = torch.stack([self.train[s:s + self.length + 1] for s in starts])
        return rows[:, :-1], rows[:, 1:]

    def score(self, model, windows=200):
        """Bits per byte on the held-out text, in windows of 1,024 bytes read from a fresh state."""
        data = torch.tensor(list(self.held_out))
        size, losses = 1024, []
        for start in range(0, min(len(data) - size - 1, windows * size), size):
            logits = model(data[None, start:start + size])[0]
            losses.append(F.cross_entropy(logits, data[start + 1:start + size + 1]).item())
        return {"bits_per_byte": float(np.mean(losses)) / math.log(2)}


class Copy:
    """Selective copying: 28 noise tokens with 4 data tokens among them, then 4 markers that ask for the data in order."""
    noise, marker, vocabulary = 0, 15, 16
    pieces = ["·", *"ABCDEFGHIJKLMN", "?"]

    def __init__(self, noise_tokens=28, data_tokens=4):
        self.noise_tokens, self.data_tokens = noise_tokens, data_tokens

    def draw(self, size):
        span = self.noise_tokens + self.data_tokens
        data = torch.randint(1, self.vocabulary - 1, (size, self.data_tokens))
        places = torch.stack([torch.randperm(span)[:self.data_tokens] for _ in range(size)]).sort(1)[0]
        ids = torch.zeros(size, span, dtype=torch.long).scatter_(1, places, data)
        return torch.cat([ids, torch.full((size, self.data_tokens), self.marker)], 1), data, places

    def batch(self, size):
        ids, data, _ = self.draw(size)
        targets = torch.full_like(ids, -100)
        targets[:, -self.data_tokens:] = data
        return ids, targets

    def score(self, model, size=400):
        ids, data, places = self.draw(size)
        mixers = [layer.mixer for layer in model.layers]
        for mixer in mixers:
            mixer.keep = True
        accuracy = lambda: (model(ids)[:, -self.data_tokens:].argmax(-1) == data).float().mean().item()
        result = {"accuracy": accuracy()}
        kept = {k: v[:40] for k, v in mixers[1].kept.items()}
        result["mass_on_copied"], result["mass_on_data"] = self.attention_mass(kept, places[:40])
        at = ids.shape[1] - self.data_tokens  # the state is wiped just before the first marker is read
        for i, mixer in enumerate(mixers):
            def wipe(a, b):
                a = a.clone()
                a[:, at] = 0
                return a, b
            mixer.hook = wipe
            result[f"accuracy_layer{i}_zeroed"] = accuracy()
            mixer.hook, mixer.keep = None, False
        return result

    def attention_mass(self, kept, places):
        """Share of |contribution to y| at the recall steps that comes from the copied token, and from all data tokens
        (each with the 3 tokens after it, which its convolution reaches)."""
        a, b, C = kept["a"], kept["b"], kept["C"]
        on_token, on_data = [], []
        for s in range(len(a)):
            for k in range(self.data_tokens):
                i = a.shape[1] - self.data_tokens + k
                decay, mass = torch.ones_like(a[s, 0]), torch.zeros(i + 1)
                for j in range(i, -1, -1):
                    mass[j] = ((decay * b[s, j]) @ C[s, i]).abs().sum()
                    decay = decay * a[s, j]
                mass /= mass.sum()
                windows = {j for p in places[s].tolist() for j in range(p, p + 4) if j <= i}
                target = places[s, k].item()
                on_token.append(mass[target:target + 4].sum().item())
                on_data.append(sum(mass[j].item() for j in windows))
        return float(np.mean(on_token)), float(np.mean(on_data))


class Topics:
    """Six Markov chains over 32 symbols with equal unigrams; the chain in force (the topic) changes with `hazard` a token."""
    vocabulary, topics = 32, 6
    pieces = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"]

    def __init__(self, hazard=0.01, length=128):
        chooser = np.random.default_rng(7)
        V = self.vocabulary
        self.chains = np.full((self.topics, V, V), 0.2 / V)
        for chain in self.chains:
            for weight in (0.55, 0.25):
                chain[np.arange(V), chooser.permutation(V)] += weight
        self.cumulative = np.cumsum(self.chains, 2)
        self.hazard, self.length, self.rng = hazard, length, np.random.default_rng(0)

    def draw(self, size, length, switch_at=None):
        """ids and topics [size, length]; topics change at random, or exactly at the listed positions."""
        z = self.rng.integers(0, self.topics, size)
        ids, labels = np.zeros((size, length), np.int64), np.zeros((size, length), np.int64)
        ids[:, 0], labels[:, 0] = self.rng.integers(0, self.vocabulary, size), z
        for t in range(1, length):
            change = np.full(size, t in switch_at) if switch_at is not None else self.rng.random(size) < self.hazard
            z = np.where(change, (z + self.rng.integers(1, self.topics, size)) % self.topics, z)
            draw = self.rng.random(size)[:, None]
            ids[:, t] = (draw > self.cumulative[z, ids[:, t - 1]]).sum(1).clip(0, self.vocabulary - 1)
            labels[:, t] = z
        return torch.tensor(ids), labels

    def batch(self, size):
        ids, _ = self.draw(size, self.length + 1)
        return ids[:, :-1], ids[:, 1:]

    def score(self, model):
        """Nats a token with switches, nats 17 to 32 tokens after a forced switch, and the optimum of a Bayes filter."""
        hazard, self.hazard = self.hazard, 0.01
        ids, _ = self.draw(64, 401)
        self.hazard = hazard
        losses = lambda x: F.cross_entropy(model(x[:, :-1]).transpose(1, 2), x[:, 1:], reduction="none").numpy()
        switched, _ = self.draw(64, 321, switch_at={257})
        # Column c of the losses is the prediction of token c + 1: tokens 17 to 32 after the switch at 257.
        return {"nats": float(losses(ids)[:, 20:].mean()), "optimum": self.filter_nats(ids.numpy()),
                "nats_17_to_32_after_switch": float(losses(switched)[:, 272:288].mean())}

    def filter_nats(self, ids, hazard=0.01):
        losses = []
        for row in ids:
            belief = np.full(self.topics, 1 / self.topics)
            for t in range(1, len(row)):
                likelihood = self.chains[:, row[t - 1], row[t]]
                if t > 20:
                    losses.append(-math.log(belief @ likelihood))
                belief = belief * likelihood
                belief /= belief.sum()
                belief = (1 - hazard) * belief + hazard * (1 - belief) / (self.topics - 1)
        return float(np.mean(losses))


class FlipFlop:
    """Three bits. Tokens 2k and 2k + 1 clear and set bit k, token 6 holds; the target is the state of all bits, 0 to 7."""
    vocabulary = 8
    pieces = ["a0", "a1", "b0", "b1", "c0", "c1", "·", "-"]

    def draw(self, size, length):
        ids = torch.where(torch.rand(size, length) < 0.25, torch.randint(0, 6, (size, length)), torch.full((size, length), 6))
        ids[:, :6] = torch.tensor([0, 2, 4, 6, 6, 6])  # every bit is cleared first
        bits, states = torch.zeros(size, 3, dtype=torch.long), torch.zeros(size, length, dtype=torch.long)
        for t in range(length):
            for k in range(3):
                hit = (ids[:, t] < 6) & (ids[:, t] // 2 == k)
                bits[hit, k] = ids[hit, t] % 2
            states[:, t] = bits[:, 0] + 2 * bits[:, 1] + 4 * bits[:, 2]
        return ids, states

    def batch(self, size):
        return self.draw(size, 48)

    def score(self, model):
        ids, states = self.draw(256, 128)
        return {"accuracy_128": (model(ids).argmax(-1) == states).float().mean().item()}
