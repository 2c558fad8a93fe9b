"""Compiled kernels: deform the mesh, find its normals and hollows, project it, and find what each pixel sees.

All run on one thread in a fixed order, so equal inputs give equal bits on one machine. Numbers of vertices are cast to
unsigned integers in inner loops: with signed ones each access would first provide for a negative index.
"""

import numba as nb
import numpy as np


@nb.njit(cache=True, fastmath=True)
def deform(rest, starts, moved, deltas, weights, out):
    """Add face units to the resting head: ``out = rest + sum(weights[k] * unit k)``.

    Args:
        rest, out: (vertices, 3) float32.
        starts, moved, deltas: the units without their zeros (``Rig.unit_deltas``).
        weights: (units,) float32.
    """
    out[:] = rest
    for unit in range(weights.shape[0]):
        w = weights[unit]
        if abs(w) > 1e-4:
            for i in range(starts[unit], starts[unit + 1]):
                v = np.uintp(moved[i])
                out[v, 0] += w * deltas[i, 0]
                out[v, 1] += w * deltas[i, 1]
                out[v, 2] += w * deltas[i, 2]


@nb.njit(cache=True, fastmath=True)
def vertex_normals(positions, triangles, wanted, out):
    """Unit normals at the vertices where ``wanted`` (vertices,) bool, weighted by triangle area: (vertices, 3) float32.

    ``out`` holds nothing of use at the other vertices.
    """
    out[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        if not (wanted[a] | wanted[b] | wanted[c]):
            continue
        ux = positions[b, 0] - positions[a, 0]
        uy = positions[b, 1] - positions[a, 1]
        uz = positions[b, 2] - positions[a, 2]
        vx = positions[c, 0] - positions[a, 0]
        vy = positions[c, 1] - positions[a, 1]
        vz = positions[c, 2] - positions[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            out[k, 0] += nx
            out[k, 1] += ny
            out[k, 2] += nz
    for i in range(out.shape[0]):
        if not wanted[i]:
            continue
        scale = np.float32(1) / np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2 + np.float32(1e-24))
        out[i, 0] *= scale
        out[i, 1] *= scale
        out[i, 2] *= scale


@nb.njit(cache=True, fastmath=True)
def hollows(positions, normals, starts, neighbours, wanted, out):
    """How hollow the surface is at each wanted vertex: mean slope towards the neighbours, > 0 in a crease.

    A cheap stand-in for ambient occlusion that follows the expression.
    """
    for i in range(positions.shape[0]):
        if not wanted[i]:
            continue
        rise, length = np.float32(0), np.float32(1e-9)
        for j in range(starts[i], starts[i + 1]):
            k = neighbours[j]
            dx = positions[k, 0] - positions[i, 0]
            dy = positions[k, 1] - positions[i, 1]
            dz = positions[k, 2] - positions[i, 2]
            rise += dx * normals[i, 0] + dy * normals[i, 1] + dz * normals[i, 2]
            length += np.sqrt(dx * dx + dy * dy + dz * dz)
        out[i] = rise / length


@nb.njit(cache=True, fastmath=True)
def project(positions, rotation, pivot, camera, out):
    """Turn the head about ``pivot`` and project it in perspective.

    Args:
        positions: (vertices, 3) float32.
        rotation: (3, 3) float32, head to camera.
        pivot: (3,) float32, the point that the head turns about.
        camera: distance (decimetres), focal length (px), the point (x, y) of the turned head that it aims at, and where
            that is seen (px, px).
        out: (vertices, 3) float32: x, y in pixels (y down) and 1 / depth.
    """
    distance, focal, aim_x, aim_y, cx, cy = camera
    for i in range(positions.shape[0]):
        x = positions[i, 0] - pivot[0]
        y = positions[i, 1] - pivot[1]
        z = positions[i, 2] - pivot[2]
        inverse = np.float32(1) / (distance - (rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z))
        out[i, 0] = cx + focal * inverse * (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z - aim_x)
        out[i, 1] = cy - focal * inverse * (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z - aim_y)
        out[i, 2] = inverse


@nb.njit(cache=True, fastmath=True)
def corners_of(seen, triangles, out):
    """Mark the vertices of the triangles that any pixel sees: (vertices,) bool into ``out``."""
    out[:] = False
    for row in range(seen.shape[0]):
        for column in range(seen.shape[1]):
            t = seen[row, column]
            if t >= 0:
                out[triangles[t, 0]] = out[triangles[t, 1]] = out[triangles[t, 2]] = True


@nb.njit(cache=True, fastmath=True)
def rasterise(points, triangles, inside, first_inside, depth, seen, weights):
    """Z-buffer: which triangle each pixel sees, and where on it.

    Triangles from ``first_inside`` on (teeth, tongue) are drawn only over triangles marked ``inside`` (the inside of
    the mouth), so that they cannot poke through the lips.

    Most triangles are a few pixels large, and whether they cover a pixel cannot be foreseen by the processor: each
    wrong guess at a branch costs it more than the arithmetic. So a triangle's pixels are first listed without a branch
    (each is written to the list, but the list grows only if it is covered), and then compared with what is there.

    Args:
        points: (vertices, 3) float32 from :func:`project`.
        triangles: (triangles, 3) int32; those that face away are skipped.
        inside: (triangles,) uint8.
        depth: (height, width) float32 scratch.
        seen: (height, width) int32, the triangle, -1 for none.
        weights: (height, width, 2) float32, barycentric weights of the triangle's second and third corner.
    """
    height, width = depth.shape
    depth[:] = 0
    seen[:] = -1
    depths, triangle_seen, weights_seen = depth.reshape(-1), seen.reshape(-1), weights.reshape(-1, 2)
    places = np.empty(depth.size + 1, np.uintp)
    covered = np.empty((depth.size + 1, 2), np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area >= 0:
            continue
        left = max(0, int(np.ceil(min(x0, x1, x2) - np.float32(0.5))))
        right = min(width - 1, int(np.floor(max(x0, x1, x2) - np.float32(0.5))))
        top = max(0, int(np.ceil(min(y0, y1, y2) - np.float32(0.5))))
        bottom = min(height - 1, int(np.floor(max(y0, y1, y2) - np.float32(0.5))))
        if left > right or top > bottom:
            continue
        inverse = np.float32(1) / area
        z0, z1, z2 = points[a, 2], points[b, 2], points[c, 2]
        n = np.uintp(0)
        for row in range(top, bottom + 1):
            py = np.float32(row) + np.float32(0.5)
            for column in range(left, right + 1):
                px = np.float32(column) + np.float32(0.5)
                w1 = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) * inverse
                w2 = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) * inverse
                w0 = np.float32(1) - w1 - w2
                places[n] = np.uintp(row * width + column)
                covered[n, 0] = w1
                covered[n, 1] = w2
                n += np.uintp(min(w0, w1, w2) >= 0)
        for i in range(n):
            place, w1, w2 = places[i], covered[i, 0], covered[i, 1]
            w0 = np.float32(1) - w1 - w2
            z = w0 * z0 + w1 * z1 + w2 * z2
            if z > depths[place]:
                if t >= first_inside and (triangle_seen[place] < 0 or inside[triangle_seen[place]] == 0):
                    continue
                depths[place] = z
                triangle_seen[place] = t
                weights_seen[place, 0] = w1
                weights_seen[place, 1] = w2
