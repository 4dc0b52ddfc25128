#!/usr/bin/env python3
"""Random texts, encoded by the reference implementation once and by the program whenever somebody asks.

    tokenizer_cases.py make [FOLDER]              with the package `tokenizers` (pip install tokenizers==0.23.3)
    tokenizer_cases.py check PROGRAM [FOLDER]     any time, with nothing but Python; a minute

FOLDER (tests/golden/tokenizers) holds a folder with a tokenizer.json for each kind. `make` writes random.json there, which
has the seed and a hash of all texts, ids and decoded texts, and random.jsonl beside each tokenizer.json, the first cases,
which text_test runs. `check` makes the same 100 000 texts, lets PROGRAM encode and decode them and compares the hashes.

Texts hold only code points that Unicode assigns for long: what is newer than the tables of the program's ICU counts as
neither letter, number nor white space there, and may be more to the reference, whose tables are newer.
"""
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

SEED, COUNT, KEPT = 20251, 100_000, 500

# Unicode 3.2 is in every Python, so that the texts do not depend on its version.
ASSIGNED = [c for c in range(0x110000) if unicodedata.ucd_3_2_0.category(chr(c)) not in ("Cn", "Cs", "Co")]
MARKS = [c for c in ASSIGNED if unicodedata.ucd_3_2_0.combining(chr(c))]
COMPOSED = [c for c in ASSIGNED if unicodedata.ucd_3_2_0.decomposition(chr(c)) and not 0xAC00 <= c < 0xD7A4]
DIGITS = [c for c in ASSIGNED if unicodedata.ucd_3_2_0.category(chr(c)) in ("Nd", "Nl", "No")]
SCRIPTS = [(0x61, 0x7A), (0x41, 0x5A), (0xC0, 0xD6), (0x100, 0x17F), (0x391, 0x3A1), (0x3B1, 0x3C9), (0x410, 0x44F),
           (0x561, 0x586), (0x5D0, 0x5EA), (0x621, 0x63A), (0x905, 0x939), (0xE01, 0xE30), (0x10D0, 0x10F0),
           (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2), (0x1200, 0x1206), (0x3041, 0x3094), (0x30A1, 0x30FA),
           (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFF21, 0xFF3A), (0x10400, 0x10425), (0x12000, 0x1236E),
           (0x1D400, 0x1D454), (0x20000, 0x2A6D6), (0x1E900, 0x1E943)]
SPACES = " \t\n\r\v\f\x1c\x85\xa0\u1680\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
WORDS = ("the state of a model is first list Berlin Germany capital zéphyr hippopotamus Mamba recurrence selective "
         "function return class import self None straße naïve Hello world In addition").split()
SPECIAL = ("<|endoftext|> <|padding|> <|pad|> <|end_of_text|> <|start_of_role|> <|end_of_role|> <unk> <s> </s> <0x41> "
           "<0xE2> ▁ ▁▁ Ġ Ċ <|endof <| |> <s").split()
EMOJI = ["\U0001F642", "\U0001F468\u200D\U0001F4BB", "\u2764\uFE0F", "\U0001F44D\U0001F3FD", "\U0001F1E9\U0001F1EA", "\U0001F468"]
ODD = ["\0", "\x07", "\x1b[0m", "\x7f", "\x80", "\xad", "\u200b", "\u200d", "\u2060", "\ufeff", "\ufffd", "\ufffe", "\uffff",
       "\ue000", "\U000F0000", "\U0010FFFF", "Ã©", "ï¿½", "\\xff", "%F0%9F", "&#233;", "\\ud83d"]
CONTRACTIONS = ["s", "t", "re", "ve", "m", "ll", "d", "\u017f", "x", "S", ""]


def fragment(rng):
    """A few characters of one kind."""
    kind = rng.randrange(13)
    if kind == 0:
        low, high = rng.choice(SCRIPTS)
        return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 8)))
    if kind <= 2:
        return rng.choice(["", " ", " ", "\n"]) + rng.choice([str, str.upper, str.title])(rng.choice(WORDS))
    if kind == 3:
        return rng.choice(SPACES[:4]) * rng.choice([1, 2, 3, 5, 23, 24, 25, 26, 50]) + rng.choice(["", "\n", " ", "\r\n"])
    if kind == 4:
        return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 6)))
    if kind == 5:
        return "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 8)))
    if kind == 6:
        return "".join(chr(rng.choice(DIGITS)) for _ in range(rng.randint(1, 4)))
    if kind == 7:
        return "".join(rng.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»…—、。¡€´") for _ in range(rng.randint(1, 5)))
    if kind == 8:
        return rng.choice(["I", "we", "", " ", "'", "9"]) + rng.choice("'''’") + "".join(
            rng.choice([c, c.upper()]) for c in rng.choice(CONTRACTIONS)) + rng.choice(["", "x", " "])
    if kind == 9:
        return rng.choice(["e", "A", "o", " ", "\u1100", chr(rng.choice(COMPOSED))]) + "".join(
            chr(rng.choice(MARKS)) for _ in range(rng.randint(1, 5)))
    if kind == 10:
        return rng.choice([rng.choice(EMOJI), rng.choice(ODD), chr(rng.randint(0x1F300, 0x1F5FF)), chr(rng.choice(COMPOSED))])
    if kind == 11:
        return rng.choice(SPECIAL)
    return "".join(chr(rng.choice(ASSIGNED)) for _ in range(rng.randint(1, 4)))


def texts():
    rng = random.Random(SEED)
    return ["".join(fragment(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 4, 5, 6, 8, 12]))) for _ in range(COUNT)]


def hash_of(values):
    """Of texts or lists of ids, one after the other."""
    state = hashlib.sha256()
    for value in values:
        state.update((json.dumps(value) + "\n").encode())
    return state.hexdigest()


def kinds(folder):
    return sorted(file.parent.name for file in folder.glob("*/tokenizer.json"))


def make(folder):
    import tokenizers

    all_texts = texts()
    about = {"producer": f"tools/tokenizer_cases.py with tokenizers {tokenizers.__version__}", "seed": SEED, "count": COUNT,
             "texts": hash_of(all_texts), "ids": {}, "decoded": {}}
    for kind in kinds(folder):
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / kind / "tokenizer.json"))
        ids = [encoded.ids for encoded in tokenizer.encode_batch(all_texts)]
        decoded = [tokenizer.decode(some, skip_special_tokens=False) for some in ids]
        about["ids"][kind], about["decoded"][kind] = hash_of(ids), hash_of(decoded)
        with open(folder / kind / "random.jsonl", "w", encoding="utf-8") as file:
            for text, some in list(zip(all_texts, ids))[:KEPT]:
                plain = tokenizer.encode(text, add_special_tokens=False).ids
                case = {"text": text, "ids": some, "decoded": tokenizer.decode(some, skip_special_tokens=False),
                        "decoded_skip": tokenizer.decode(some), "ids_plain": plain}
                for name, same in (("decoded_skip", "decoded"), ("ids_plain", "ids")):
                    if case[name] == case[same]:
                        del case[name]
                file.write(json.dumps(case, separators=(",", ":")) + "\n")
    (folder / "random.json").write_text(json.dumps(about, indent=1) + "\n")


def converted(program, folder, name, values):
    """What the program makes of lines with texts or with ids, as far as it came."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as lines:
        lines.writelines(json.dumps({name: value}) + "\n" for value in values)
        lines.flush()
        run = subprocess.run([program, "tokenize", folder, "--jsonl", lines.name], capture_output=True, text=True, encoding="utf-8")
    sys.stderr.write(run.stderr)
    return [json.loads(line)["ids" if name == "text" else "text"] for line in run.stdout.split("\n") if line]


def check(program, folder):
    about, all_texts, wrong = json.loads((folder / "random.json").read_text()), texts(), []
    if hash_of(all_texts) != about["texts"]:
        sys.exit("these are not the texts that the references were made of")
    for kind in kinds(folder):
        ids = converted(program, folder / kind, "text", all_texts)
        decoded = converted(program, folder / kind, "ids", ids)
        for name, values in (("ids", ids), ("decoded", decoded)):
            same = hash_of(values) == about[name][kind]
            print(f"{kind}: {name} of {len(values)} texts {'equal the references' if same else 'DIFFER'}")
            if not same:
                wrong.append((kind, name))
    sys.exit(1 if wrong else 0)


def main():
    golden = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "tokenizers"
    match sys.argv[1:]:
        case ["make", *folder]:
            make(pathlib.Path(*folder) if folder else golden)
        case ["check", program, *folder]:
            check(program, pathlib.Path(*folder) if folder else golden)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
