"""Turns a PyTorch classifier into a TorchScript program for odin: it returns (logits, features).

Put your network into `network()`, correct the four lines below it, and run

    python export.py

It writes NAME.pt and prints the network's card, models/NAME.yaml. Needs PyTorch 1.10 or newer.
"""
import torch
from torch import nn


def network():
    """The trained classifier. Replace this with your own, for example:

    net = torchvision.models.resnet18(num_classes=10)
    net.load_state_dict(torch.load("weights.pth", map_location="cpu"))
    return net
    """
    raise SystemExit("put your network into network() first")


NAME = "mine"
INPUT = (3, 224, 224)  # channels, height and width of an image
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of the training, for images in [0, 1]
IN_DATASET = "the name or path of the images that it was trained for"


class WithFeatures(nn.Module):
    """Gives the logits and what the last linear layer takes."""

    def __init__(self, net, last):
        super().__init__()
        self.net = net
        self.taken = []
        last.register_forward_pre_hook(lambda layer, taken: self.taken.append(taken[0]))

    def forward(self, images):
        self.taken.clear()
        logits = self.net(images)
        if isinstance(logits, (tuple, list)):
            logits = logits[0]
        elif isinstance(logits, dict) or hasattr(logits, "logits"):  # of Hugging Face's transformers
            logits = logits["logits"]
        return logits, self.taken[-1]


def last_linear(net, images):
    """The linear layer that is called last, and how many features it takes."""
    called = []
    hooks = [
        layer.register_forward_hook(lambda layer, taken, given: called.append(layer))
        for layer in net.modules()
        if isinstance(layer, nn.Linear)
    ]
    with torch.no_grad():
        net(images)
    for hook in hooks:
        hook.remove()
    if not called:
        raise SystemExit("the network calls no nn.Linear: change WithFeatures so that it returns (logits, features)")
    return called[-1]


def check(program, last, images):
    """The program must give W h + b as its logits, and judge each image by itself."""
    with torch.no_grad():
        logits, features = program(images)
        again = nn.functional.linear(features, last.weight, last.bias)
        alone = torch.cat([program(image)[0] for image in images.split(1)])
    if logits.dim() != 2 or features.dim() != 2:
        raise SystemExit(f"logits {tuple(logits.shape)} and features {tuple(features.shape)}: [images, ...] is needed")
    if not torch.allclose(again, logits, rtol=1e-3, atol=1e-4):
        raise SystemExit("the logits are not those of the last linear layer: is there a softmax or a scale behind it?")
    if not torch.allclose(alone, logits, rtol=1e-3, atol=1e-3):
        raise SystemExit("an image's logits depend on the other images: is the network in evaluation mode?")
    return logits.shape[1]


def main():
    # Evaluation: batch norms use what they learnt, and dropout does nothing.
    net = network().eval().float().cpu()
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    torch.manual_seed(0)
    images = torch.rand(2, *INPUT)
    last = last_linear(net, images)
    # Another number of images than in the check, so that none is written into the program.
    traced = torch.jit.trace(WithFeatures(net, last), torch.rand(3, *INPUT), check_trace=False)
    classes = check(traced, last, images)
    traced.save(f"{NAME}.pt")
    # Not frozen: the weights stay parameters, by which odin finds the last layer.
    print(f"title: {NAME}")
    print(f"architecture: {{kind: torchscript, input: {list(INPUT)}}}")
    print(f"classes: {classes}")
    print(f"weights: {NAME}.pt")
    print(f"in_dataset: {IN_DATASET}")
    print(f"normalisation: {{mean: {MEAN}, std: {STD}}}")


if __name__ == "__main__":
    main()
