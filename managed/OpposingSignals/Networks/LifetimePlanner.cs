namespace OpposingSignals.Networks;

/// <summary>
/// Places buffers with known lifetimes in one arena so that two that live at the same time never overlap: largest
/// first, each at the lowest offset that is free.
/// </summary>
internal sealed class LifetimePlanner
{
    private readonly List<Slot> _slots = [];

    /// <summary>Adds a buffer that is first written at time <paramref name="start"/>.</summary>
    public int Add(long bytes, int start)
    {
        _slots.Add(new Slot { Bytes = bytes, Start = start, End = start });
        return _slots.Count - 1;
    }

    /// <summary>The buffer is still read, or written, at <paramref name="time"/>.</summary>
    public void Extend(int slot, int time) => _slots[slot].End = Math.Max(_slots[slot].End, time);

    /// <summary>Places every buffer; returns the arena's bytes.</summary>
    public long Solve()
    {
        var placed = new List<Slot>();
        long total = 0;
        foreach (Slot slot in _slots.OrderByDescending(slot => slot.Bytes))
        {
            long offset = 0;
            foreach (Slot other in placed.Where(other => other.Start <= slot.End && slot.Start <= other.End).OrderBy(
                other => other.Offset))
            {
                if (offset + slot.Bytes <= other.Offset)
                {
                    break;
                }

                offset = Math.Max(offset, other.Offset + other.Bytes);
            }

            slot.Offset = offset;
            placed.Add(slot);
            total = Math.Max(total, offset + slot.Bytes);
        }

        return total;
    }

    public long Offset(int slot) => _slots[slot].Offset;

    private sealed class Slot
    {
        public long Bytes;
        public int Start;
        public int End;
        public long Offset;
    }
}
