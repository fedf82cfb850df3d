using System.Globalization;

namespace OpposingSignals.Networks;

/// <summary>
/// Start values of a network's parameters, by name. The generator is <see cref="Xoshiro256"/>, so that a seed gives the
/// same values everywhere; they are not PyTorch's numbers, only its distributions.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><description><c>pytorch</c>: weights and biases uniform in ±1/√fan-in, the default of nn.Linear and
/// nn.Conv2d.</description></item>
/// <item><description><c>xavier-normal[:GAIN[,GAIN…]]</c>: weights normal with variance gain² · 2 / (fan-in + fan-out),
/// zero biases; the gains belong to successive weights and the last one repeats (Glorot and Bengio
/// 2010).</description></item>
/// <item><description><c>kaiming-normal</c>: weights normal with variance 2 / fan-in, zero biases (He et al.
/// 2015).</description></item>
/// </list>
/// In all of them normalisation layers start with a scale of 1 and a shift of 0, and embeddings of tokens, positions
/// and classes are normal with standard deviation 0.02, as in GPT-2 and the vision transformer: with the 1 of
/// nn.Embedding a head that is tied to the embedding would start far from uniform probabilities.
/// </remarks>
public sealed class Initialization
{
    private const string Forms = "pytorch, xavier-normal[:GAIN,...], kaiming-normal";

    private const double EmbeddingDeviation = 0.02;

    private readonly Func<ParameterSpecification, int, Xoshiro256, double> _weight;
    private readonly bool _randomBias;

    private Initialization(string name, Func<ParameterSpecification, int, Xoshiro256, double> weight, bool randomBias)
    {
        Name = name;
        _weight = weight;
        _randomBias = randomBias;
    }

    /// <summary>The name that <see cref="Named"/> was given.</summary>
    public string Name { get; }

    /// <summary>The initialisation called <paramref name="name"/>.</summary>
    /// <exception cref="InputException">There is none, or a gain is not a positive number.</exception>
    public static Initialization Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string kind = name.Split(':')[0];
        switch (kind)
        {
            case "pytorch" when name == kind:
                return new(name, (p, _, random) => random.NextDouble(-1, 1) / Math.Sqrt(p.FanIn), randomBias: true);
            case "kaiming-normal" when name == kind:
                return new(name, (p, _, random) => random.NextGaussian() * Math.Sqrt(2.0 / p.FanIn), randomBias: false);
            case "xavier-normal":
                double[] gains = name == kind ? [1]
                    : [.. name[(kind.Length + 1)..].Split(',').Select(text => Gain(name, text))];
                return new(
                    name,
                    (p, weight, random) => random.NextGaussian() * gains[Math.Min(weight, gains.Length - 1)]
                        * Math.Sqrt(2.0 / (p.FanIn + p.FanOut)),
                    randomBias: false);
            default:
                throw new InputException($"There is no initialisation '{name}'. Known: {Forms}.");
        }
    }

    /// <summary>θ for a network from a seed.</summary>
    public double[] Create(Network network, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(network);
        var random = new Xoshiro256(seed);
        double[] values = new double[network.ParameterCount];
        int weights = 0;
        foreach (Parameter parameter in network.Parameters)
        {
            ParameterRole role = parameter.Specification.Role;
            int position = role == ParameterRole.Weight ? weights++ : Math.Max(weights - 1, 0);
            Span<double> elements = values.AsSpan((int)parameter.Offset, (int)parameter.Count);
            if (role == ParameterRole.Scale)
            {
                elements.Fill(1);
            }
            else if (role == ParameterRole.Embedding)
            {
                foreach (ref double value in elements)
                {
                    value = EmbeddingDeviation * random.NextGaussian();
                }
            }
            else if (role == ParameterRole.Weight || (role == ParameterRole.Bias && _randomBias))
            {
                foreach (ref double value in elements)
                {
                    value = _weight(parameter.Specification, position, random);
                }
            }
        }

        return values;
    }

    private static double Gain(string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double gain) && gain > 0
            && double.IsFinite(gain)
            ? gain
            : throw new InputException($"In the initialisation '{name}', '{text}' is not a positive gain.");
}
