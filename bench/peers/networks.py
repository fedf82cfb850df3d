"""The larger networks in PyTorch, with their parameters in the order of OpposingSignals' θ."""

import torch
from torch import nn
from torch.nn import functional


def norm(channels):
    return nn.GroupNorm(32, channels)


class Block(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.norm1 = norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = norm(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != channels:
            self.shortcut = nn.Sequential()
            self.shortcut.add_module("conv", nn.Conv2d(inputs, channels, 1, stride, bias=False))
            self.shortcut.add_module("norm", norm(channels))

    def forward(self, x):
        branch = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(branch + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 for CIFAR: a 3x3 stem, four stages of two blocks, group norm with 32 groups."""

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.norm1 = norm(64)
        blocks, previous = [], 64
        for stage, channels in enumerate([64, 128, 256, 512]):
            for block in range(2):
                blocks.append(Block(previous, channels, 2 if stage > 0 and block == 0 else 1))
                previous = channels
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(512, classes)

    def forward(self, x):
        return self.linear(self.blocks(functional.relu(self.norm1(self.conv1(x)))).mean((2, 3)))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads, causal, epsilon):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1 = nn.LayerNorm(width, epsilon)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, epsilon)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.out(self.attention(self.qkv(self.norm1(x))))
        return x + self.narrow(functional.gelu(self.widen(self.norm2(x)), approximate="tanh" if self.causal else "none"))

    def attention(self, qkv):
        samples, positions, channels = qkv.shape
        q, k, v = qkv.reshape(samples, positions, 3, self.heads, channels // 3 // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
        if self.causal:
            hidden = torch.ones(positions, positions, dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(hidden, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(samples, positions, channels // 3)


class Vit(nn.Module):
    def __init__(self, patch, blocks, width, heads, extent, classes):
        super().__init__()
        tokens = (extent // patch) ** 2 + 1
        self.class_embedding = nn.Parameter(torch.zeros(1, 1, width))
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.position_embedding = nn.Parameter(torch.zeros(1, tokens, width))
        self.blocks = nn.Sequential(*[TransformerBlock(width, heads, False, 1e-6) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width, 1e-6)
        self.head = nn.Linear(width, classes)

    def named_parameters(self, *arguments, **options):
        # A module lists its own parameters before those of its parts; positions come after the patches.
        named = dict(super().named_parameters(*arguments, **options))
        order = ["class_embedding", "patches.weight", "patches.bias", "position_embedding"]
        yield from ((name, named.pop(name)) for name in order)
        yield from named.items()

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), -1, -1), x], 1) + self.position_embedding
        return self.head(self.norm(self.blocks(x))[:, 0])


class TransposedLinear(nn.Module):
    """y = x W + b with W [in, out], GPT-2's layout."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.weight.fan_in = inputs
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return functional.linear(x, self.weight.t(), self.bias)


class Gpt(nn.Module):
    def __init__(self, blocks, width, heads, context, vocabulary):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[TransformerBlock(width, heads, True, 1e-5) for _ in range(blocks)])
        for block in self.blocks:
            block.qkv = TransposedLinear(width, 3 * width)
            block.out = TransposedLinear(width, width)
            block.widen = TransposedLinear(width, 4 * width)
            block.narrow = TransposedLinear(4 * width, width)
        self.norm = nn.LayerNorm(width, 1e-5)

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.position_embedding.weight[: tokens.shape[1]]
        return functional.linear(self.norm(self.blocks(x)), self.token_embedding.weight)
