"""Compiled kernels: colour what each pixel sees, and turn linear light into a picture.

Inner loops have unsigned indices for the reason given in ``raster``.
"""

import numba as nb
import numpy as np

from emovlm.synface.face.canvas import AXIS_Z
from emovlm.synface.face.rig import EYE, HAIR, SKIN, TEETH

LIPS, INNER, HAIRY, LID = range(4)
"""Columns of the vertex attributes."""
LIP, IRIS, STRANDS, CLOTH, TRIM = range(5)
"""Rows of the colours."""
KEY_DIRECTION, KEY, FILL_DIRECTION, FILL, AMBIENT, VIEW, UP = range(7)
"""Rows of the lights; directions are in head coordinates."""
IRIS_RADIUS, PUPIL_RADIUS = 0.43, 0.16  # eye radii: 11.9 mm across, as in life (Ruefer et al. 2005: 11.7), and 4.4 mm
EYE_SOFT = 0.07  # eye radii over which one passes into the other, about a pixel
TOOTH_WIDTH = 0.08  # decimetres
CLOTHED_BELOW = 6.4  # decimetres: cloth may cover what lies lower

_F = np.float32
_INNER_MOUTH = (_F(0.06), _F(0.010), _F(0.012))


@nb.njit(cache=True, fastmath=True, inline="always")
def _blend(table, column, a, b, c, w0, w1, w2):
    return w0 * table[a, column] + w1 * table[b, column] + w2 * table[c, column]


@nb.njit(cache=True, fastmath=True, inline="always")
def _corner(image, row, column, k, fu, fv):
    """Bilinear sample of channel ``k``."""
    right, below = column + np.uintp(1), row + np.uintp(1)
    top = (1 - fu) * image[row, column, k] + fu * image[row, right, k]
    bottom = (1 - fu) * image[below, column, k] + fu * image[below, right, k]
    return (1 - fv) * top + fv * bottom


@nb.njit(cache=True, fastmath=True)
def _texel(coordinate, size):
    coordinate = min(max(coordinate - _F(0.5), _F(0)), _F(size) - _F(1.01))
    whole = int(coordinate)
    return np.uintp(whole), coordinate - _F(whole)


@nb.njit(cache=True, fastmath=True)
def _wrinkled(maps, depths, row, column, fu, fv):
    """How much the active wrinkles darken this texel, 0..0.75."""
    dark = _F(0)
    for k in range(depths.shape[0]):
        if depths[k] > _F(0.01):
            dark += depths[k] * _corner(maps, row, column, k, fu, fv)
    return min(dark, _F(0.75))


@nb.njit(cache=True, fastmath=True)
def _hair_shine(nx, ny, nz, hx, hy, hz):
    """The highlight band across hair whose strands run down the surface (Kajiya & Kay 1989)."""
    tx, ty, tz = -nx * ny, 1 - ny * ny, -nz * ny
    along = (tx * hx + ty * hy + tz * hz) / np.sqrt(tx * tx + ty * ty + tz * tz + _F(1e-6))
    across = 1 - along * along
    across = across * across
    across = across * across
    return _F(0.05) * across * across


@nb.njit(cache=True, fastmath=True)
def shade(
    seen,
    weights,
    points,
    triangles,
    material,
    plain,
    normals,
    hollow,
    attributes,
    uv,
    eye,
    rest,
    texture,
    maps,
    present,
    depths,
    colours,
    collar,
    lash,
    lights,
    background,
    out,
):
    """Colour each pixel: skin with wrinkles, lips, hair and cloth; eyes; teeth; two lights and ambient light.

    Args:
        seen, weights, points: from ``raster.rasterise`` and ``raster.project``.
        triangles, material: of the identity; normals (vertices, 3) and hollow (vertices,) of the deformed head.
        plain: (triangles,) bool, skin without lips, hair, the edge of the lid or cloth, whose terms are then left out.
        attributes: (vertices, 4) float32: lips, inside of the mouth, hair, edge of the lid.
        uv: (vertices, 2) texels; eye, rest: (vertices, 3) place on the eyeball and on the resting base head.
        texture, maps, present: skin, wrinkle maps and where any is; depths: (wrinkles,) float32.
        colours: (5, 3) float32; collar: (3,) float32; lash: float32; lights: (7, 3) float32.
        background, out: (height, width, 3) float32, linear light.
    """
    height, width = seen.shape
    size = texture.shape[0]
    hx = lights[KEY_DIRECTION, 0] + lights[VIEW, 0]
    hy = lights[KEY_DIRECTION, 1] + lights[VIEW, 1]
    hz = lights[KEY_DIRECTION, 2] + lights[VIEW, 2]
    norm = _F(1) / np.sqrt(hx * hx + hy * hy + hz * hz)
    hx, hy, hz = hx * norm, hy * norm, hz * norm
    for y in range(height):
        for x in range(width):
            if seen[y, x] < 0:
                for k in range(3):
                    out[y, x, k] = background[y, x, k]
                continue
            t = np.uintp(seen[y, x])
            a, b, c = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
            w1, w2 = weights[y, x, 0], weights[y, x, 1]
            w0 = (_F(1) - w1 - w2) * points[a, 2]  # perspective-correct weights
            w1 *= points[b, 2]
            w2 *= points[c, 2]
            scale = _F(1) / (w0 + w1 + w2)
            w0, w1, w2 = w0 * scale, w1 * scale, w2 * scale
            nx = _blend(normals, 0, a, b, c, w0, w1, w2)
            ny = _blend(normals, 1, a, b, c, w0, w1, w2)
            nz = _blend(normals, 2, a, b, c, w0, w1, w2)
            kind = material[t]
            if kind == HAIR:  # the sheets are flat; lit as one round mass, inside and outside alike
                nx = _blend(rest, 0, a, b, c, w0, w1, w2)
                ny, nz = _F(0.1), _blend(rest, 2, a, b, c, w0, w1, w2) - _F(AXIS_Z)
            elif kind == TEETH:  # the edges of the upper ones face down and would be grey
                ny, nz = _F(0.1) * ny, max(nz, _F(0.6))
            norm = _F(1) / np.sqrt(nx * nx + ny * ny + nz * nz + _F(1e-12))
            nx, ny, nz = nx * norm, ny * norm, nz * norm
            occlusion, gloss, hair = _F(1), _F(0), _F(0)
            if kind in (SKIN, HAIR):
                column, fu = _texel(_blend(uv, 0, a, b, c, w0, w1, w2), size)
                row, fv = _texel(_blend(uv, 1, a, b, c, w0, w1, w2), size)
            if kind == SKIN:
                red = _corner(texture, row, column, 0, fu, fv)
                green = _corner(texture, row, column, 1, fu, fv)
                blue = _corner(texture, row, column, 2, fu, fv)
                dark = _wrinkled(maps, depths, row, column, fu, fv) if present[row, column] else 0.0
                occlusion = min(
                    max(1 - _F(1.6) * (w0 * hollow[a] + w1 * hollow[b] + w2 * hollow[c]), _F(0.45)), _F(1.12)
                )
                gloss = _F(0.055)
                if plain[t]:
                    red *= 1 - _F(0.85) * dark
                    green *= 1 - dark
                    blue *= 1 - dark
                else:
                    lips = _blend(attributes, LIPS, a, b, c, w0, w1, w2)
                    inner = _blend(attributes, INNER, a, b, c, w0, w1, w2)
                    hair = _blend(attributes, HAIRY, a, b, c, w0, w1, w2)
                    lid = _F(1) - lash * _blend(attributes, LID, a, b, c, w0, w1, w2)
                    red = (red * (1 - lips) + colours[LIP, 0] * lips) * (1 - inner) + _INNER_MOUTH[0] * inner
                    green = (green * (1 - lips) + colours[LIP, 1] * lips) * (1 - inner) + _INNER_MOUTH[1] * inner
                    blue = (blue * (1 - lips) + colours[LIP, 2] * lips) * (1 - inner) + _INNER_MOUTH[2] * inner
                    red *= (1 - _F(0.85) * dark) * lid
                    green *= (1 - dark) * lid
                    blue *= (1 - dark) * lid
                    gloss = _F(0.055) + _F(0.08) * lips - _F(0.03) * hair
                    low = _blend(rest, 1, a, b, c, w0, w1, w2)
                    if low < _F(CLOTHED_BELOW):
                        side = abs(_blend(rest, 0, a, b, c, w0, w1, w2))
                        deep = _F(0.6) - _blend(rest, 2, a, b, c, w0, w1, w2)
                        neckline = collar[2] * max(_F(0), _F(0.35) - side) * (deep < 0)
                        above = low - (collar[0] + collar[1] * deep - neckline)
                        if above < 0:
                            hem = TRIM if above > _F(-0.07) else CLOTH
                            red, green, blue = colours[hem, 0], colours[hem, 1], colours[hem, 2]
                            gloss, occlusion = _F(0), _F(1)
            elif kind == HAIR:
                strand = _F(0.6) + _F(0.4) * np.sin(_F(0.9) * (_F(column) + fu)) * np.sin(
                    _F(0.35) * (_F(column) + fu) + _F(0.05) * _F(row)
                )
                red, green, blue = (
                    colours[STRANDS, 0] * strand,
                    colours[STRANDS, 1] * strand,
                    colours[STRANDS, 2] * strand,
                )
                hair = strand
            elif kind == EYE:
                ex, ey = _blend(eye, 0, a, b, c, w0, w1, w2), _blend(eye, 1, a, b, c, w0, w1, w2)
                radius = np.sqrt(ex * ex + ey * ey) if _blend(eye, 2, a, b, c, w0, w1, w2) > 0 else _F(2)
                white = _F(0.56) - _F(0.12) * min(abs(ex), _F(1))
                red, green, blue = white, _F(0.95) * white, _F(0.90) * white
                iris = min(max((_F(IRIS_RADIUS) - radius) / _F(EYE_SOFT) + _F(0.5), _F(0)), _F(1))
                if iris > 0:
                    rim = min(radius / _F(IRIS_RADIUS), _F(1))
                    rim = 1 - _F(0.7) * rim * rim * rim
                    pupil = min(max((_F(PUPIL_RADIUS) - radius) / _F(EYE_SOFT) + _F(0.5), _F(0)), _F(1))
                    rim *= 1 - _F(0.95) * pupil
                    red += (colours[IRIS, 0] * rim - red) * iris
                    green += (colours[IRIS, 1] * rim - green) * iris
                    blue += (colours[IRIS, 2] * rim - blue) * iris
                # the upper lid and its lashes shade the eye below them
                occlusion, gloss = _F(0.86) - _F(0.45) * min(max(ey, _F(0)), _F(0.6)), _F(0.9)
            elif kind == TEETH:
                side = abs(_blend(rest, 0, a, b, c, w0, w1, w2))
                tooth = side / _F(TOOTH_WIDTH)
                gap = abs(tooth - np.round(tooth)) / _F(0.2)
                white = _F(0.70) * (_F(0.75) + _F(0.25) * min(gap, _F(1)))
                red, green, blue = white, _F(0.93) * white, _F(0.78) * white
                back = min(max((side - _F(0.13)) / _F(0.13), _F(0)), _F(1))
                occlusion, gloss = _F(0.75) * (1 - _F(0.9) * back), _F(0.10)  # the back teeth lie in the dark
            else:
                red, green, blue = _F(0.40), _F(0.10), _F(0.10)
                occlusion, gloss = _F(0.40), _F(0.04)
            key = nx * lights[KEY_DIRECTION, 0] + ny * lights[KEY_DIRECTION, 1] + nz * lights[KEY_DIRECTION, 2]
            fill = max(
                _F(0), nx * lights[FILL_DIRECTION, 0] + ny * lights[FILL_DIRECTION, 1] + nz * lights[FILL_DIRECTION, 2]
            )
            sky = _F(0.65) + _F(0.35) * (nx * lights[UP, 0] + ny * lights[UP, 1] + nz * lights[UP, 2])
            half = nx * hx + ny * hy + nz * hz
            shine = _F(0)
            if key > 0 and half > 0:
                shine = half * half
                shine = shine * shine
                shine = shine * shine
                shine = shine * shine
                if kind == EYE:  # a wet, sharp glint
                    shine = shine * shine
                    shine = shine * shine
                    shine = shine * shine
                    shine = shine * shine
                shine *= gloss
            if hair > _F(0.01):
                shine += hair * _hair_shine(nx, ny, nz, hx, hy, hz)
            # light wraps further round the skin in red than in blue: a cheap stand-in for scattering under the skin
            red_key = max(_F(0), (key + _F(0.25)) / _F(1.25))
            green_key = max(_F(0), (key + _F(0.08)) / _F(1.08))
            blue_key = max(_F(0), (key + _F(0.04)) / _F(1.04))
            out[y, x, 0] = occlusion * (
                red * (red_key * lights[KEY, 0] + fill * lights[FILL, 0] + sky * lights[AMBIENT, 0])
                + shine * lights[KEY, 0]
            )
            out[y, x, 1] = occlusion * (
                green * (green_key * lights[KEY, 1] + fill * lights[FILL, 1] + sky * lights[AMBIENT, 1])
                + shine * lights[KEY, 1]
            )
            out[y, x, 2] = occlusion * (
                blue * (blue_key * lights[KEY, 2] + fill * lights[FILL, 2] + sky * lights[AMBIENT, 2])
                + shine * lights[KEY, 2]
            )


@nb.njit(cache=True, fastmath=True)
def average(light, supersampling, out):
    """Mean of the subpixels: (height x supersampling, width x supersampling, 3) to (height, width, 3) float32."""
    height, width, _ = out.shape
    share = _F(1) / _F(supersampling * supersampling)
    for y in range(height):
        for x in range(width):
            for k in range(3):
                total = _F(0)
                for i in range(supersampling):
                    for j in range(supersampling):
                        total += light[y * supersampling + i, x * supersampling + j, k]
                out[y, x, k] = total * share


@nb.njit(cache=True, fastmath=True, error_model="numpy")
def expose(light, exposure, gamma, grain, noise, row0, column0, out):
    """Linear light to 8-bit grey levels: compress the highlights, add grain.

    Pixels lie side by side in a row with their three colours, as all are treated alike. Two short loops and division
    without a test for zero (``error_model``) let the compiler turn the first loop into vector instructions.

    Args:
        light: (height, width x 3) float32.
        gamma: (1024,) float32, grey level of each step of linear light.
        noise: float32 noise of unit deviation, used from (row0, column0) on; its first row follows its last.
        out: (height, width x 3) uint8.
    """
    height, width = out.shape
    steps = np.empty(width, np.int32)
    for y in range(height):
        noisy = (y + row0) % noise.shape[0]
        for x in range(width):
            value = max(_F(0), light[y, x] * exposure)
            value = value / (1 + _F(0.15) * value)
            steps[x] = min(np.int32(1023), np.int32(value * _F(1023)))
        for x in range(width):
            level = gamma[np.uint32(steps[x])] + grain * noise[noisy, x + column0]
            out[y, x] = np.uint8(min(_F(255), max(_F(0), level + _F(0.5))))
