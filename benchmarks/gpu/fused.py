"""PROTOTYPE, not part of the package: two Triton kernels for real images, where nothing has to be differentiated.
A map is read once and never written whole.

    norm_relu_pool   instance norm, ReLU and 2×2 mean of a channels-last map: one read, a quarter written
    first_block      the same after the first convolution (1 or 3 channels, 3×3): its map, the largest, is never stored

    TRITON_INTERPRET=1 python benchmarks/gpu/fused.py      # against float64, on a CPU
"""
import torch
import torch.nn.functional as F
import triton
import triton.language as tl


@triton.jit
def _finish(v, out, weight, bias, n, cs, eps, C: tl.constexpr, H: tl.constexpr, W: tl.constexpr, BC: tl.constexpr):
    "v (H·W, BC) float32, one image: norm, ReLU, pool, store"
    mean = tl.sum(v, 0) / (H*W)
    v = v - mean[None, :]
    scale = tl.load(weight + cs).to(tl.float32) / tl.sqrt(tl.sum(v*v, 0) / (H*W) + eps)
    v = tl.maximum(v*scale[None, :] + tl.load(bias + cs).to(tl.float32)[None, :], 0.)
    v = tl.sum(tl.reshape(v, (H*W//2, 2, BC)), 1)                    # pairs along a row
    v = tl.sum(tl.reshape(v, (H//2, 2, W//2, BC)), 1) * 0.25         # and of rows
    v = tl.reshape(v, (H*W//4, BC))
    rows = tl.arange(0, H*W//4)
    tl.store(out + n.to(tl.int64)*(H*W//4*C) + rows[:, None]*C + cs[None, :], v.to(out.dtype.element_ty))


@triton.jit
def _norm_relu_pool(x, out, weight, bias, eps, C: tl.constexpr, H: tl.constexpr, W: tl.constexpr, BC: tl.constexpr):
    n, cs = tl.program_id(0), tl.program_id(1)*BC + tl.arange(0, BC)
    rows = tl.arange(0, H*W)
    v = tl.load(x + n.to(tl.int64)*(H*W*C) + rows[:, None]*C + cs[None, :]).to(tl.float32)
    _finish(v, out, weight, bias, n, cs, eps, C, H, W, BC)


@triton.jit
def _first_block(x, w, out, weight, bias, eps, CI: tl.constexpr, C: tl.constexpr, H: tl.constexpr, W: tl.constexpr,
                 P: tl.constexpr, HO: tl.constexpr, WO: tl.constexpr, BC: tl.constexpr, K: tl.constexpr):
    "x (N, CI, H, W) contiguous; w (C, CI·9) contiguous; K a power of two, at least CI·9"
    n, cs = tl.program_id(0), tl.program_id(1)*BC + tl.arange(0, BC)
    pix, k = tl.arange(0, HO*WO), tl.arange(0, K)
    ci, dy, dx = k // 9, (k % 9) // 3, k % 3
    r, c = (pix // WO)[:, None] + dy[None, :] - P, (pix % WO)[:, None] + dx[None, :] - P
    ok = (r >= 0) & (r < H) & (c >= 0) & (c < W) & (k < CI*9)[None, :]
    a = tl.load(x + n.to(tl.int64)*(CI*H*W) + ci[None, :]*(H*W) + r*W + c, mask=ok, other=0.)
    b = tl.load(w + cs[None, :]*(CI*9) + k[:, None], mask=(k < CI*9)[:, None], other=0.)
    v = tl.dot(a, b.to(a.dtype), out_dtype=tl.float32)
    _finish(v, out, weight, bias, n, cs, eps, C, HO, WO, BC)


TUNE = dict(most=16*1024, warps=8)     # numbers in a program's tile, warps of the larger maps


def _channels(hw):
    "Channels of a program: what fits the registers"
    return max(16, min(128, TUNE['most'] // hw))


def _power_of_two(*sides):
    if any(s & (s - 1) for s in sides): raise ValueError(f'fused: maps of {sides}, expected powers of two')


def norm_relu_pool(h, weight, bias, eps):
    "h (N, C, H, W) channels last, sides powers of two"
    n, c, height, width = h.shape
    _power_of_two(height, width)
    if not h.is_contiguous(memory_format=torch.channels_last): raise ValueError('fused: the map is not channels last')
    out = torch.empty((n, c, height//2, width//2), dtype=h.dtype, device=h.device, memory_format=torch.channels_last)
    bc = min(c, _channels(height*width))
    warps = TUNE['warps'] if height*width >= 256 else 4
    _norm_relu_pool[(n, c//bc)](h, out, weight, bias, eps, c, height, width, bc, num_warps=warps)
    return out


def first_block(x, w, weight, bias, eps, padding):
    "x (N, 1 or 3, H, W); the convolution has 3×3 weights"
    n, ci, height, width = x.shape
    ho, wo, c = height + 2*padding - 2, width + 2*padding - 2, len(w)
    _power_of_two(ho, wo)
    out = torch.empty((n, c, ho//2, wo//2), dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    bc, k = min(c, _channels(ho*wo)), max(16, triton.next_power_of_2(ci*9))
    _first_block[(n, c//bc)](x.contiguous(), w.contiguous(), out, weight, bias, eps, ci, c, height, width, padding, ho, wo,
                             bc, k, num_warps=TUNE['warps'])
    return out


def check(device='cpu', dtype=torch.float32, shapes=((3, 32, 1), (1, 28, 3)), n=2, c=32) -> dict:
    "Relative differences from torch in float64"
    found, away = {}, lambda got, want: ((got.double().cpu() - want).norm() / want.norm()).item()
    for channels, side, padding in shapes:
        g = torch.Generator().manual_seed(0)
        draw = lambda *shape: torch.randn(*shape, generator=g)
        x, w = draw(n, channels, side, side).to(dtype), draw(c, channels, 3, 3).to(dtype).float()
        weight, bias = draw(c), draw(c)
        rest = lambda h: F.avg_pool2d(F.relu(F.group_norm(h, c, weight.double(), bias.double(), 1e-5)), 2)
        got = first_block(x.to(device), *(v.to(device) for v in (w, weight, bias)), 1e-5, padding)
        found[f'first_block {channels}×{side}'] = away(got, rest(F.conv2d(x.double(), w.double(), padding=padding)))
        h = draw(n, c, 16, 16).to(dtype)
        last = h.to(device).contiguous(memory_format=torch.channels_last)
        got = norm_relu_pool(last, weight.to(device), bias.to(device), 1e-5)
        found[f'norm_relu_pool {side}'] = away(got, rest(h.double()))
    return found


if __name__ == '__main__':
    for t in (torch.float32, torch.float16): print(t, check(dtype=t))      # the interpreter has no product of bfloat16
