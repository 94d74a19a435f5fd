#!/usr/bin/env python3
"""The U-Net's training step and the forward pass of one slice, against PyTorch channels_last on the same CPU.

    cargo build --release && python3 benches/unet.py [--python VENV/bin/python] [--rounds 5] [--threads 2] [--modes f32,bf16]

Both take turns, round after round, so that a busy machine slows both. Needs a Python with PyTorch, and the rival's script
`bench_unet_torch.py` (--rival; it lies beside the repository in ../shared/tools). Prints medians of the rounds and, for each
figure, PyTorch's over ours (above 1: ours is faster): median, least and largest of the rounds. CPU seconds of one thread
(--threads 1) are the steadiest figure where other work runs.
"""
import argparse, importlib.util, json, os, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))


def torch_slice(args):
    """Median wall and CPU seconds of PyTorch's forward pass of one slice: evaluation mode, no gradients."""
    import torch

    spec = importlib.util.spec_from_file_location("rival", args.rival)
    rival = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rival)
    torch.set_num_threads(args.threads)
    net = rival.UNet(args.base, 4).to(memory_format=torch.channels_last).eval()
    x = torch.randn(1, 1, args.size, args.size).to(memory_format=torch.channels_last)
    wall, cpu = [], []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=args.torch_slice == "bf16"):
        for _ in range(args.steps * 3):
            start, start_cpu = time.perf_counter(), time.process_time()
            net(x)
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
    print(json.dumps({"slice_s": statistics.median(wall[1:]), "slice_cpu_s": statistics.median(cpu[1:])}))


def figures(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(args):
    size = ["--base", args.base, "--size", args.size, "--threads", args.threads]
    step = size + ["--batch", args.batch, "--steps", args.steps]
    readings = {}
    for number in range(args.rounds):
        for mode in args.modes.split(","):
            ours = figures([args.osteon, "bench", "unet", "--mode", mode, *step, "--json", "-"])
            theirs = figures([args.python, args.rival, "--modes", mode + "cl", *step])
            theirs |= figures([args.python, __file__, "--torch-slice", mode, *size, "--steps", args.steps, "--rival", args.rival])
            readings.setdefault(mode, []).append((ours, theirs))
            print(f"round {number + 1} {mode}: step {ours['step_s']:.3f} s ({ours['engine']}), {theirs['step_s']:.3f} s ({theirs['engine']})",
                  file=sys.stderr)
    names = {"step_s": "step, wall s", "cpu_s": "step, CPU s", "forward_s": "forward, wall s", "slice_s": "one slice, wall s",
             "slice_cpu_s": "one slice, CPU s", "peak_mb": "peak memory, MiB"}
    print(f"base {args.base}, {args.batch} x 1 x {args.size} x {args.size}, {args.threads} thread(s), {args.rounds} round(s)")
    print(f"{'':24}{'ours':>10}{'PyTorch':>10}{'ratio':>8}  (least to largest)")
    for mode, rounds in readings.items():
        for field, name in names.items():
            pairs = [(ours[field], theirs[field]) for ours, theirs in rounds if ours.get(field)]
            if pairs:
                ratios = [theirs / ours for ours, theirs in pairs]
                ours, theirs = (statistics.median(column) for column in zip(*pairs))
                print(f"{mode + ' ' + name:24}{ours:10.4g}{theirs:10.4g}{statistics.median(ratios):8.2f}  ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in dict(base=32, size=256, batch=4, threads=2, steps=6, rounds=5).items():
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--modes", default="f32,bf16")
    parser.add_argument("--osteon", default=os.path.join(HERE, "..", "target", "release", "osteon"))
    parser.add_argument("--python", default=sys.executable, help="a Python with PyTorch")
    parser.add_argument("--rival", default=os.path.join(HERE, "..", "..", "shared", "tools", "bench_unet_torch.py"))
    parser.add_argument("--torch-slice", help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch_slice(args) if args.torch_slice else compare(args)
