"""Makes the cases beside it with PyTorch: weights of small nets as torch.save and safetensors write them, an input, and the
activations after every layer. `python3 make.py` needs torch and safetensors.

The nets are built here from torch.nn under the names that two common layouts use for their layers: the U-Net of
milesial/Pytorch-UNet and MONAI's BasicUNet. Only names of layers and the arithmetic between them are theirs.
"""

import os
import sys

import torch
from safetensors.torch import save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


def at(name):
    return os.path.join(HERE, name)


def shake(net, seed):
    """Weights away from where they start, so that a mistake in any of them shows."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda t, low, high: t.copy_(torch.rand(t.shape, generator=generator) * (high - low) + low)
    with torch.no_grad():
        for name, value in list(net.named_parameters()) + list(net.named_buffers()):
            if name.endswith("num_batches_tracked"):
                value.fill_(7)
            elif name.endswith("running_var"):
                draw(value, 0.3, 2.0)
            elif value.dim() > 1:
                draw(value, -0.4, 0.4)
            else:
                draw(value, -0.3, 0.9)


def record(net, layers, x):
    """Runs the net; the output of each named layer, under the name that the test looks for."""
    found = {"input": x}
    hooks = [
        net.get_submodule(layer).register_forward_hook(lambda _m, _i, out, name=name: found.__setitem__(name, out.detach().clone()))
        for name, layer in layers.items()
    ]
    net.eval()
    with torch.no_grad():
        found["logits"] = net(x)
    for hook in hooks:
        hook.remove()
    return {name: value.contiguous() for name, value in found.items()}


class DoubleConv(nn.Module):
    def __init__(self, inputs, outputs, bias=False):
        super().__init__()
        part = lambda i: [nn.Conv2d(i, outputs, 3, padding=1, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.double_conv = nn.Sequential(*part(inputs), *part(outputs))

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs, bias):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs, bias))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs, bias):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)
        self.conv = DoubleConv(inputs, outputs, bias)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], 1))


class OutConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        return self.conv(x)


class Milesial(nn.Module):
    """Levels of 2, 4, 8, … channels."""

    def __init__(self, inputs, classes, base, depth, bias=False):
        super().__init__()
        self.depth = depth
        self.inc = DoubleConv(inputs, base, bias)
        for n in range(1, depth):
            setattr(self, f"down{n}", Down(base << (n - 1), base << n, bias))
        for n in range(1, depth):
            setattr(self, f"up{n}", Up(base << (depth - n), base << (depth - n - 1), bias))
        self.outc = OutConv(base, classes)

    def forward(self, x):
        made = [self.inc(x)]
        for n in range(1, self.depth):
            made.append(getattr(self, f"down{n}")(made[-1]))
        x = made.pop()
        for n in range(1, self.depth):
            x = getattr(self, f"up{n}")(x, made.pop())
        return self.outc(x)

    def layers(self):
        found = {}
        for level in range(self.depth):
            block = "inc" if level == 0 else f"down{level}.maxpool_conv.1"
            if level:
                found[f"pool.{level}"] = f"down{level}.maxpool_conv.0"
            found[f"encoder.{level}.0"] = f"{block}.double_conv.2"
            found[f"encoder.{level}.1"] = f"{block}.double_conv.5"
        for level in range(self.depth - 1):
            n = self.depth - 1 - level
            found[f"up.{level}"] = f"up{n}.up"
            found[f"decoder.{level}.0"] = f"up{n}.conv.double_conv.2"
            found[f"decoder.{level}.1"] = f"up{n}.conv.double_conv.5"
        return found


class Convolution(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.adn = nn.Module()
        self.adn.N = norm(outputs)
        self.adn.A = nn.LeakyReLU(0.1)

    def forward(self, x):
        return self.adn.A(self.adn.N(self.conv(x)))


class TwoConv(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv_0 = Convolution(inputs, outputs, norm)
        self.conv_1 = Convolution(outputs, outputs, norm)

    def forward(self, x):
        return self.conv_1(self.conv_0(x))


class DownPath(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.max_pooling = nn.MaxPool2d(2)
        self.convs = TwoConv(inputs, outputs, norm)

    def forward(self, x):
        return self.convs(self.max_pooling(x))


class UpCat(nn.Module):
    def __init__(self, inputs, skip, outputs, norm, halves=True):
        super().__init__()
        made = inputs // 2 if halves else inputs
        self.upsample = nn.Module()
        self.upsample.deconv = nn.ConvTranspose2d(inputs, made, 2, stride=2)
        self.convs = TwoConv(skip + made, outputs, norm)

    def forward(self, x, skip):
        return self.convs(torch.cat([skip, self.upsample.deconv(x)], 1))


class Basic(nn.Module):
    """Always five levels; the sixth number of `features` is what the last level of the way up makes."""

    def __init__(self, inputs, classes, features, norm):
        super().__init__()
        f = features
        self.conv_0 = TwoConv(inputs, f[0], norm)
        for n in range(1, 5):
            setattr(self, f"down_{n}", DownPath(f[n - 1], f[n], norm))
        for n in (4, 3, 2):
            setattr(self, f"upcat_{n}", UpCat(f[n], f[n - 1], f[n - 1], norm))
        self.upcat_1 = UpCat(f[1], f[0], f[5], norm, halves=False)
        self.final_conv = nn.Conv2d(f[5], classes, 1)

    def forward(self, x):
        made = [self.conv_0(x)]
        for n in range(1, 5):
            made.append(getattr(self, f"down_{n}")(made[-1]))
        x = made.pop()
        for n in (4, 3, 2, 1):
            x = getattr(self, f"upcat_{n}")(x, made.pop())
        return self.final_conv(x)

    def layers(self):
        found = {}
        for level in range(5):
            block = "conv_0" if level == 0 else f"down_{level}.convs"
            if level:
                found[f"pool.{level}"] = f"down_{level}.max_pooling"
            for n in (0, 1):
                found[f"encoder.{level}.{n}"] = f"{block}.conv_{n}"
        for level in range(4):
            found[f"up.{level}"] = f"upcat_{level + 1}.upsample.deconv"
            for n in (0, 1):
                found[f"decoder.{level}.{n}"] = f"upcat_{level + 1}.convs.conv_{n}"
        return found


def picture(channels, height, width, seed):
    return torch.rand((1, channels, height, width), generator=torch.Generator().manual_seed(seed)) * 1.5 - 0.3


def main():
    print("torch", torch.__version__, file=sys.stderr)
    # As its training script saves it: batch norms with counters, and a list that is no weight. Weights lie channels-last.
    net = Milesial(2, 4, 2, 3)
    shake(net, 1)
    weights = net.to(memory_format=torch.channels_last).state_dict()
    weights["mask_values"] = [0, 1, 2, 3]
    torch.save(weights, at("milesial.pt"))
    save_file(record(net, net.layers(), picture(2, 12, 16, 2)), at("milesial.activations.safetensors"))

    # Convolutions with bias, one class without background (sigmoid), float64, in a checkpoint of a training.
    net = Milesial(1, 1, 2, 3, bias=True).double()
    shake(net, 3)
    torch.save({"epoch": 12, "best": 0.75, "model_state_dict": net.state_dict(), "optimizer": {"lr": 1e-3, "betas": (0.9, 0.999)}},
               at("milesial_bias.pth"))
    activations = record(net, net.layers(), picture(1, 8, 12, 4).double())
    save_file({k: v.float() for k, v in activations.items()}, at("milesial_bias.activations.safetensors"))

    # As DataParallel names it, bfloat16: the figures are of the same rounded weights in float32.
    instance = lambda channels: nn.InstanceNorm2d(channels, affine=True)
    net = Basic(1, 4, (2, 2, 4, 4, 6, 3), instance)
    shake(net, 5)
    net = net.bfloat16().float()
    rounded = {f"module.{k}": v.bfloat16() for k, v in net.state_dict().items()}
    torch.save({"state_dict": rounded}, at("basic_unet.pt"))
    save_file(record(net, net.layers(), picture(1, 32, 32, 6)), at("basic_unet.activations.safetensors"))

    # Half precision and batch norm, as safetensors.
    net = Basic(2, 3, (2, 2, 2, 4, 4, 2), nn.BatchNorm2d)
    shake(net, 7)
    net = net.half().float()
    save_file({k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}, at("basic_unet_batch.safetensors"))
    save_file(record(net, net.layers(), picture(2, 16, 16, 8)), at("basic_unet_batch.activations.safetensors"))

    # What is refused: the format before torch 1.6, a program (TorchScript), a pickle that would run something.
    torch.save({"inc": torch.zeros(1)}, at("legacy.pt"), _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(nn.Identity()), at("script.pt"))

    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"inc": Evil()}, at("evil.pt"))


if __name__ == "__main__":
    main()
