"""Compares Eva's byte-level BPE with Hugging Face's tokenizers on the same text.

    eva tokenizer train --vocab-size 4096 text.txt --out eva.json
    eva tokenizer encode eva.json --file text.txt --ids > ids.txt
    python tests/python/tokenizer.py text.txt eva.json ids.txt

Trains Hugging Face's BpeTrainer with ByteLevel words on one thread, says how long it took, and compares its vocabulary
and merges with Eva's; loads Eva's tokenizer.json, encodes the text, and compares every id with ids.txt. Set
TOKENIZERS_PARALLELISM=false and RAYON_NUM_THREADS=1 for one thread. Requirements: requirements.txt.
"""

import json
import sys
import time

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def merges(tokenizer_json):
    return [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in tokenizer_json["model"]["merges"]]


def train(vocab_size, feed):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[],
        show_progress=False,
    )
    begin = time.perf_counter()
    feed(tokenizer, trainer)
    return tokenizer, time.perf_counter() - begin


def main(text_file, eva_file, ids_file):
    with open(text_file, encoding="utf-8", newline="") as f:
        text = f.read()
    size = len(text.encode("utf-8")) / 1e6
    with open(eva_file, encoding="utf-8") as f:
        eva = json.load(f)
    vocab_size = len(eva["model"]["vocab"])

    _, seconds = train(vocab_size, lambda t, r: t.train([text_file], r))
    print(f"Hugging Face, from the file by lines: {seconds:.2f} s, {size / seconds:.1f} MB/s")
    theirs, seconds = train(vocab_size, lambda t, r: t.train_from_iterator([text], r))
    print(f"Hugging Face, from the text as a whole: {seconds:.2f} s, {size / seconds:.1f} MB/s")
    theirs = json.loads(theirs.to_str())
    same_vocab = theirs["model"]["vocab"] == eva["model"]["vocab"]
    same_merges = merges(theirs) == merges(eva)
    print(f"vocabulary of {vocab_size} equal: {same_vocab}; {len(merges(eva))} merges equal: {same_merges}")

    loaded = Tokenizer.from_file(eva_file)
    begin = time.perf_counter()
    ids = loaded.encode(text).ids
    seconds = time.perf_counter() - begin
    with open(ids_file, encoding="utf-8") as f:
        eva_ids = [int(i) for i in f.read().split()]
    print(f"{len(ids)} ids of the text equal: {ids == eva_ids}; encoded at {size / seconds:.1f} MB/s")
    print(f"decoded to the text: {loaded.decode(ids, skip_special_tokens=False) == text}")
    return 0 if same_vocab and same_merges and ids == eva_ids else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
