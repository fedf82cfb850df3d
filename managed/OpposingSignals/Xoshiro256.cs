using System.Collections.Immutable;
using System.Numerics;

namespace OpposingSignals;

/// <summary>
/// Random numbers from the xoshiro256** generator (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", ACM Transactions on Mathematical Software 47, 2021), its state filled by SplitMix64 from a seed.
/// </summary>
/// <remarks>
/// The sequence for a seed is part of the contract: it never changes with the runtime, as that of Random may.
/// </remarks>
public sealed class Xoshiro256
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Starts the sequence of a seed.</summary>
    public Xoshiro256(ulong seed)
    {
        _s0 = SplitMix64(ref seed);
        _s1 = SplitMix64(ref seed);
        _s2 = SplitMix64(ref seed);
        _s3 = SplitMix64(ref seed);
    }

    /// <summary>Goes on from a <see cref="State"/>.</summary>
    /// <exception cref="ArgumentException">Not four words, or all of them zero.</exception>
    public Xoshiro256(ImmutableArray<ulong> state)
    {
        if (state.IsDefault || state.Length != 4 || !state.Any(word => word != 0))
        {
            throw new ArgumentException("A state is four words that are not all zero.", nameof(state));
        }

        (_s0, _s1, _s2, _s3) = (state[0], state[1], state[2], state[3]);
    }

    /// <summary>Everything that determines the rest of the sequence: four words.</summary>
    public ImmutableArray<ulong> State => [_s0, _s1, _s2, _s3];

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number uniform in [0, 1): a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number uniform in [low, high).</summary>
    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>
    /// A standard normal number by the cosine half of Box and Muller's transform. The sine half is not used, so that
    /// <see cref="State"/> alone determines the sequence.
    /// </summary>
    public double NextGaussian()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>An integer uniform in [0, bound); numbers that would favour some are drawn again.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int NextInt32(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        ulong excess = (ulong.MaxValue % (ulong)bound) + 1;
        ulong value;
        do
        {
            value = NextUInt64();
        }
        while (excess < (ulong)bound && value > ulong.MaxValue - excess);
        return (int)(value % (ulong)bound);
    }

    /// <summary>Puts values into an order uniform over all orders (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt32(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private static ulong SplitMix64(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
