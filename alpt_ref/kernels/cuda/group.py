"""Entries of a minibatch by feature, on a GPU: what comes before the sort, and after it."""

from numba import cuda

from alpt_ref.kernels.cuda.launch import kernel


@kernel
def batch_lengths(indptr, batch, lengths):
    """The number of entries of each example of ``batch``."""
    for b in range(cuda.grid(1), batch.size, cuda.gridsize(1)):
        i = batch[b]
        lengths[b] = indptr[i + 1] - indptr[i]


@kernel
def batch_entries(rows, batch, starts, feature, position, value):
    """(feature, position in the batch, value) of every entry, example by example; those of example b begin at starts[b]."""
    indptr, indices, values = rows
    for b in range(cuda.grid(1), batch.size, cuda.gridsize(1)):
        e = starts[b]
        i = batch[b]
        for p in range(indptr[i], indptr[i + 1]):
            feature[e] = indices[p]
            position[e] = b
            value[e] = values[p]
            e += 1


@kernel
def count_up(out):
    """0, 1, 2, ... into ``out``."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = i


@kernel
def mark_heads(keys, heads):
    """1 where a key differs from the one before it, else 0."""
    for e in range(cuda.grid(1), keys.size, cuda.gridsize(1)):
        heads[e] = 1 if e == 0 or keys[e] != keys[e - 1] else 0


@kernel
def place_rows(keys, before, rows, starts):
    """Distinct keys into ``rows``, where each begins into ``starts``; before[e] is the number of heads before e.

    One past the last entry stands at the end of ``starts``. ``before`` becomes the place of each key among the rows.
    """
    n = keys.size
    for e in range(cuda.grid(1), n, cuda.gridsize(1)):
        head = e == 0 or keys[e] != keys[e - 1]
        r = before[e]
        if head:
            rows[r] = keys[e]
            starts[r] = e
        if e == n - 1:
            starts[r + 1 if head else r] = n
        before[e] = r if head else r - 1


@kernel
def permute(order, position, value, slot, places, position_out, value_out):
    """Position and value of entries in their new order; ``slot``: for each entry in its old order, the place of its row."""
    for e in range(cuda.grid(1), order.size, cuda.gridsize(1)):
        old = order[e]
        position_out[e] = position[old]
        value_out[e] = value[old]
        slot[old] = places[e]


@kernel
def fill(out, value):
    """``value`` into every element of ``out``."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = value


@kernel
def spread_lengths(rows, starts, lengths):
    """The number of entries of each row of a batch to its place in ``lengths``, of all rows."""
    for r in range(cuda.grid(1), rows.size, cuda.gridsize(1)):
        lengths[rows[r]] = starts[r + 1] - starts[r]
