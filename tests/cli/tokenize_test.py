#!/usr/bin/env python3
"""statelab tokenize and generate."""
import itertools
import json

from program import GOLDEN, MODELS, Case, Tensors, ids_text, main

TOKENIZERS = GOLDEN / "tokenizers"
NEOX = TOKENIZERS / "neox"
KINDS = ("neox", "granite", "llama", "gguf")


def cases_of(kind):
    return [json.loads(line) for line in (TOKENIZERS / kind / "cases.jsonl").read_text(encoding="utf-8").split("\n") if line]


class Lines(Case):
    def convert(self, model, lines, *options):
        (self.folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        said = self.run_program("tokenize", model, "--jsonl", "lines.jsonl", *options).stdout
        return [json.loads(line) for line in said.split("\n") if line]

    def test_texts_become_the_ids_of_the_reference(self):
        for kind in KINDS:
            cases = cases_of(kind)
            self.assertGreater(len(cases), 300)
            answers = self.convert(TOKENIZERS / kind, [{"text": case["text"]} for case in cases])
            self.assertEqual([a["ids"] for a in answers], [case["ids"] for case in cases], kind)
            self.assertEqual([a["text"] for a in answers], [case["text"] for case in cases], kind)

    def test_ids_become_the_texts_of_the_reference(self):
        for kind in KINDS:
            cases = cases_of(kind)
            answers = self.convert(TOKENIZERS / kind, [{"ids": case["ids"]} for case in cases])
            self.assertEqual([a["text"] for a in answers], [case["decoded"] for case in cases], kind)

    def test_a_gguf_file_has_its_tokenizer_inside(self):
        cases = cases_of("gguf")
        answers = self.convert(GOLDEN / "gguf" / "mamba1-small-F32.gguf", [{"text": case["text"]} for case in cases])
        self.assertEqual([a["ids"] for a in answers], [case["ids"] for case in cases])

    def test_the_template_is_left_out_when_asked(self):
        cases = cases_of("llama")
        answers = self.convert(TOKENIZERS / "llama", [{"text": case["text"]} for case in cases], "--no-special")
        self.assertEqual([a["ids"] for a in answers], [case.get("ids_plain", case["ids"]) for case in cases])

    def test_special_tokens_in_a_text_are_text_when_asked(self):
        line = [{"text": "a<|endoftext|>"}]
        self.assertEqual(self.convert(NEOX, line)[0]["ids"][-1], 0)
        ids = self.convert(NEOX, line, "--special-as-text")[0]["ids"]
        self.assertNotIn(0, ids)
        self.assertEqual(self.convert(NEOX, [{"ids": ids}])[0]["text"], "a<|endoftext|>")

    def test_a_bad_line_is_named_and_the_lines_before_it_are_there(self):
        (self.folder / "lines.jsonl").write_text('{"text": "a"}\n\n{"text": 3}\n{"text": "b"}\n')
        done = self.run_program("tokenize", NEOX, "--jsonl", "lines.jsonl", expect=2)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn("line 3: text", done.stderr)


class One(Case):
    def test_ids_of_a_text_can_be_given_back(self):
        ids = self.run_program("tokenize", NEOX, "--text", "The state of a").stdout.strip()
        self.assertEqual(self.run_program("tokenize", NEOX, "--decode", ids).stdout, "The state of a\n")

    def test_pieces_and_offsets_are_those_of_the_text(self):
        text = "Two words, <|endoftext|> é"
        said = self.json_of("tokenize", NEOX, "--text", text)
        self.assertEqual(len(said["ids"]), len(said["pieces"]))
        covered = b"".join(text.encode()[begin:end] for begin, end in said["offsets"])
        self.assertEqual(covered.decode(), text)

    def test_a_model_of_bytes_needs_no_file(self):
        self.assertEqual(self.json_of("tokenize", "builtin:prose", "--text", "hé")["ids"], [104, 195, 169])

    def test_refusals(self):
        error = self.refusal("tokenize", NEOX, "--decode", "1,999999")
        self.assertEqual((error["code"], error["found"]), ("out_of_range", "999999"))
        self.assertEqual(self.refusal("tokenize", GOLDEN / "mamba1-bias", "--text", "a")["code"], "missing")
        self.assertEqual(self.refusal("tokenize", "nowhere", "--text", "a")["code"], "not_found")


class Generate(Case):
    def before_padding(self, tokenizer, ids):
        """The ids up to the first row that only pads the vocabulary: the program never takes one, the reference may."""
        if not tokenizer.exists():
            return ids
        content = json.loads(tokenizer.read_text())
        known = {*content["model"]["vocab"].values(), *(added["id"] for added in content["added_tokens"])}
        return list(itertools.takewhile(known.__contains__, ids))

    def test_greedy_tokens_are_those_of_the_reference(self):
        for model in MODELS:
            reference = json.loads((GOLDEN / model / "greedy.json").read_text())
            said = self.json_of("generate", GOLDEN / model, "--ids", ids_text(reference["prompt"]), "--greedy", "-n", len(reference["tokens"]))
            expected = self.before_padding(GOLDEN / model / "tokenizer.json", reference["tokens"])
            self.assertEqual(said["ids"][:len(expected)], expected, model)
            self.assertGreater(len(expected), 13)
            self.assertTrue(all(0 < p <= 1 for p in said["probabilities"]))

    def test_a_seed_decides(self):
        said = [self.json_of("generate", "builtin:prose", "--text", "In the ", "-n", 24, "--seed", seed) for seed in (3, 3, 4)]
        self.assertEqual(said[0], said[1])
        self.assertNotEqual(said[0]["ids"], said[2]["ids"])
        self.assertEqual(said[0]["seed"], 3)
        text = self.run_program("generate", "builtin:prose", "--text", "In the ", "-n", 24, "--seed", 3).stdout
        self.assertEqual(text, said[0]["text"] + "\n")

    def test_a_generated_state_has_read_what_was_said(self):
        said = self.json_of("generate", GOLDEN / "mamba1", "--ids", "1,2,3", "-n", 4, "--save-state", "a.safetensors")
        self.trace(GOLDEN / "mamba1", "--ids", ids_text([1, 2, 3, *said["ids"]]), "--save-state", "b.safetensors")
        a, b = Tensors(self.folder / "a.safetensors"), Tensors(self.folder / "b.safetensors")
        self.assertEqual((a.metadata, a.data), (b.metadata, b.data))

    def test_a_temperature_of_zero_is_refused(self):
        error = self.refusal("generate", "builtin:prose", "--text", "a", "-n", 1, "--temperature", 0)
        self.assertEqual((error["code"], error["field"]), ("out_of_range", "temperature"))


main()
