"""PyTorch, as its tutorials write it: a loop over batches, with the data in one tensor; and its options for speed."""

from collections.abc import Callable
from pathlib import Path

import torch
from networks import TRAINING_SAMPLES
from torch import nn

from peers.data import BATCH, load_split


def prepare(
    network: str, folder: Path, *, channels_last: bool = False, compiled: bool = False
) -> Callable[[], dict[str, float]]:
    data = load_split(folder, samples=TRAINING_SAMPLES.get(network, 55_000))
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train).long()
    x_valid, y_valid = torch.from_numpy(data.x_valid), torch.from_numpy(data.y_valid).long()
    torch.manual_seed(42)
    model = build(network)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    for layer in model.modules():  # as Keras initializes, so that all learn alike
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    if network == "dropout_adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    loss_function = nn.CrossEntropyLoss()
    run = torch.compile(model) if compiled else model

    def epoch() -> dict[str, float]:
        model.train()
        order = torch.randperm(len(x))
        loss_sum, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            pixels, labels = x[batch], y[batch]
            optimizer.zero_grad()
            logits = run(pixels)
            loss = loss_function(logits, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(batch)
            correct += (logits.detach().argmax(1) == labels).sum()
        model.eval()
        with torch.no_grad():
            right = torch.cat([model(part).argmax(1) for part in x_valid.split(1000)]) == y_valid
        return {"loss": float(loss_sum) / len(x), "val_accuracy": float(right.float().mean())}

    return epoch


def build(network: str) -> nn.Module:
    # Keras's momentum 0.99 of the moving statistics is PyTorch's 0.01.
    def normalization(width: int) -> nn.Module:
        return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)

    match network:
        case "baseline":
            layers = [nn.Linear(784, 300), nn.LeakyReLU(0.3), nn.Linear(300, 100), nn.LeakyReLU(0.3)]
            layers.append(nn.Linear(100, 10))
        case "batch_norm":
            layers = [normalization(784), nn.Linear(784, 300), nn.ReLU(), normalization(300)]
            layers += [nn.Linear(300, 100), nn.ReLU(), normalization(100), nn.Linear(100, 10)]
        case "deep_sigmoid_with_batch_norm":
            layers = []
            for width in (784, *[50] * 9):
                layers += [nn.Linear(width, 50), normalization(50), nn.Sigmoid()]
            layers.append(nn.Linear(50, 10))
        case "dropout_adam":
            layers = [nn.Linear(784, 300), nn.ReLU(), nn.Dropout(0.3)]
            layers += [nn.Linear(300, 100), nn.ReLU(), nn.Dropout(0.3), nn.Linear(100, 10)]
        case "convolutional":
            layers = [nn.Unflatten(1, (1, 28))]
            for before, filters in ((1, 16), (16, 32)):
                layers += [
                    nn.Conv2d(before, filters, 3),
                    nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                ]
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(800, 10))
        case "resnet20":
            layers = [nn.Unflatten(1, (1, 28)), *convolution(1, 16, 3, 1), nn.ReLU()]
            for before, filters, strides in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
                layers += [
                    Residual(before, filters, strides),
                    Residual(filters, filters, 1),
                    Residual(filters, filters, 1),
                ]
            return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    return nn.Sequential(nn.Flatten(), *layers)


def convolution(before: int, filters: int, size: int, strides: int) -> list[nn.Module]:
    """A convolution and its normalization. With strides it pads before the image where Keras pads behind it."""
    return [
        nn.Conv2d(before, filters, size, strides, size // 2),
        nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01),
    ]


class Residual(nn.Module):
    def __init__(self, before: int, filters: int, strides: int) -> None:
        super().__init__()
        inner = [*convolution(before, filters, 3, strides), nn.ReLU(), *convolution(filters, filters, 3, 1)]
        self.inner = nn.Sequential(*inner)
        self.shortcut = nn.Sequential(*convolution(before, filters, 1, strides) if strides > 1 else [])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.inner(x) + self.shortcut(x))
