namespace OpposingSignals.Peers;

/// <summary>
/// Numbers that look random and are the same bits here and in <c>worker.py</c>, so that both sides compute the same
/// thing.
/// </summary>
internal static class Numbers
{
    // Streams are far enough apart in the counter that no two of them overlap here.
    private const uint StreamDistance = 40_000_003;

    /// <summary>The mixing function of MurmurHash3 over a counter.</summary>
    public static uint Hash(uint index, uint stream)
    {
        uint h = (index + (stream * StreamDistance)) * 0x9E3779B1;
        h ^= h >> 15;
        h *= 0x85EBCA77;
        h ^= h >> 13;
        h *= 0xC2B2AE3D;
        return h ^ (h >> 16);
    }

    /// <summary>Values uniform in [−1, 1), exact in float32.</summary>
    public static float[] Uniform(long count, uint stream)
    {
        float[] values = new float[count];
        for (uint i = 0; i < count; i++)
        {
            values[i] = (Hash(i, stream) >> 8) * (1f / (1 << 23)) - 1f;
        }

        return values;
    }
}
