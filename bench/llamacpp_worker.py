#!/usr/bin/env python3
"""llama.cpp behind a pipe: one JSON request a line, one JSON answer a line. Needs the Python package llama-cpp-python.

    {"open": PATH}                       loads a GGUF file and decodes one token; answers milliseconds
    {"decode": N, "threads": T}          tokens a second of N tokens fed one at a time
    {"prefill": N, "threads": T}         tokens a second of N tokens fed at once, logits of the last one
    {"logits": [ids]}                    logits after the last of some tokens
    {"version": true}
"""
import ctypes
import importlib.metadata
import json
import sys
import time

import llama_cpp as llama

_quiet = llama.llama_log_callback(lambda level, text, data: None)


class Peer:
    def __init__(self):
        self.model = None
        self.contexts = {}

    def open(self, path):
        for context in self.contexts.values():
            llama.llama_free(context)
        self.contexts = {}
        if self.model:
            llama.llama_model_free(self.model)
        began = time.perf_counter()
        params = llama.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(path.encode(), params)
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        self.feed(self.context(2, 32), [0])
        return 1e3 * (time.perf_counter() - began)

    def context(self, threads, tokens):
        """A context whose batches hold so many tokens, empty."""
        key = (threads, tokens)
        if key not in self.contexts:
            params = llama.llama_context_default_params()
            params.n_ctx = params.n_batch = params.n_ubatch = tokens
            params.n_threads = params.n_threads_batch = threads
            params.no_perf = True
            self.contexts[key] = llama.llama_init_from_model(self.model, params)
        llama.llama_memory_clear(llama.llama_get_memory(self.contexts[key]), True)
        return self.contexts[key]

    @staticmethod
    def feed(context, tokens):
        ids = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(context, llama.llama_batch_get_one(ids, len(tokens))) != 0:
            raise SystemExit("llama_decode failed")
        return llama.llama_get_logits_ith(context, -1)  # waits for the result

    def tokens(self, count):
        return [(i * 7919 + 13) % self.vocabulary for i in range(count)]

    def decode(self, count, threads):
        context = self.context(threads, max(32, count))
        seconds = []
        for token in self.tokens(count + 2):
            began = time.perf_counter()
            self.feed(context, [token])[0]
            seconds.append(time.perf_counter() - began)
        middle = sorted(seconds[2:])  # the first two warm caches
        return 1 / middle[len(middle) // 2]

    def prefill(self, count, threads):
        context = self.context(threads, count)
        began = time.perf_counter()
        self.feed(context, self.tokens(count))[0]
        return count / (time.perf_counter() - began)

    def logits(self, ids):
        context = self.context(1, 32)
        for token in ids:
            row = self.feed(context, [token])
        return list(ctypes.cast(row, ctypes.POINTER(ctypes.c_float * self.vocabulary)).contents)


def main():
    llama.llama_log_set(_quiet, None)
    llama.llama_backend_init()
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            answer = peer.open(request["open"])
        elif "decode" in request:
            answer = peer.decode(request["decode"], request["threads"])
        elif "prefill" in request:
            answer = peer.prefill(request["prefill"], request["threads"])
        elif "logits" in request:
            answer = peer.logits(request["logits"])
        else:
            answer = f"llama-cpp-python {importlib.metadata.version('llama-cpp-python')}"
        print(json.dumps(answer), flush=True)


main()
