"""A transformer of texts so small that it can be made, and tuned, within a test."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = ("[PAD]", "[UNK]", "early", "late", "and", "so", "it", "was", "then", "on")


def tiny_backbone(folder: Path, width: int = 32) -> str:
    """The folder, with random weights that are always the same."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=width, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=2 * width, max_position_embeddings=16,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    numbers = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)
