using System.Collections.Immutable;
using System.Globalization;

namespace OpposingSignals.Datasets;

/// <summary>Data sets by name, as the command line writes them.</summary>
public static class DatasetCatalog
{
    private const string PlantedForm = "planted[:SAMPLES[:PAIRS[:SEED]]]";
    private const string ChebyshevForm = "chebyshev:DEGREE:POINTS";
    private const string ArraysForm = "arrays:FILE.safetensors";
    private const string TextForm = "text:FILE[:CONTEXT[:COUNT]]";

    /// <summary>
    /// The names that <see cref="Load(string, string?, NormalizationScheme?)"/> knows, with their arguments.
    /// </summary>
    public static ImmutableArray<string> Forms { get; } =
        ["cifar10[:COUNT]", "fashion-mnist[:COUNT]", "mnist[:COUNT]", ChebyshevForm, PlantedForm, ArraysForm, TextForm];

    /// <summary>Loads or makes a data set.</summary>
    /// <param name="name">
    /// One of <see cref="Forms"/>. COUNT keeps the first COUNT training pictures; statistics are those of all of them,
    /// and the test set is complete.
    /// </param>
    /// <param name="dataFolder">
    /// A folder of data sets; searched before the one that the environment variable <c>OPSIG_DATA</c> names and the
    /// system's.
    /// </param>
    /// <param name="normalization">
    /// How pictures become inputs; by default <see cref="NormalizationScheme.Pixel"/> for cifar10 and
    /// <see cref="NormalizationScheme.Channel"/> for the others. Data that are not pictures are used as they are.
    /// </param>
    /// <exception cref="InputException">The name is unknown, or its files are missing or damaged.</exception>
    public static DatasetPair Load(string name, string? dataFolder = null, NormalizationScheme? normalization = null) =>
        Load(name, DatasetSearch.Roots(dataFolder), normalization);

    /// <summary>As above, with the folders to search.</summary>
    internal static DatasetPair Load(string name, ImmutableArray<string> roots, NormalizationScheme? normalization)
    {
        ArgumentNullException.ThrowIfNull(name);
        string kind = name.Split(':')[0];
        string[] arguments = name.Split(':')[1..];
        switch (kind)
        {
            case "cifar10":
                int? pictures = Count(name, arguments);
                return Cifar10.Load(FindCifar10(roots), pictures, normalization ?? NormalizationScheme.Pixel);
            case "mnist":
                return LoadMnist(MnistKind.Digits, name, arguments, roots, normalization);
            case "fashion-mnist":
                return LoadMnist(MnistKind.Fashion, name, arguments, roots, normalization);
            case "planted":
                return PlantedImages.Create(Planted(name, arguments), normalization ?? NormalizationScheme.Channel);
            case "chebyshev":
                RequireNone(name, normalization);
                Require(arguments.Length == 2, name, ChebyshevForm);
                return Chebyshev.Create(
                    Number<int>(name, arguments[0], ChebyshevForm), Number<int>(name, arguments[1], ChebyshevForm));
            case "arrays":
                RequireNone(name, normalization);
                Require(name.Length > kind.Length + 1, name, ArraysForm);
                return ArraysFile.Load(name[(kind.Length + 1)..]);
            case "text":
                RequireNone(name, normalization);
                return Text(name, arguments, roots);
            default:
                throw new DatasetException($"'{name}' is not a data set; known are {string.Join(", ", Forms)}.");
        }
    }

    private static DatasetPair LoadMnist(
        MnistKind kind, string name, string[] arguments, ImmutableArray<string> roots,
        NormalizationScheme? normalization)
    {
        int? count = Count(name, arguments);
        string folder = DatasetSearch.Find(
            Mnist.Name(kind),
            roots,
            kind == MnistKind.Digits ? ["mnist", "MNIST/raw"] : ["fashion-mnist", "FashionMNIST/raw"],
            folder =>
                [.. Mnist.FileNames.Where(file => Mnist.Locate(folder, file) is null).Select(file => file + "[.gz]")],
            kind == MnistKind.Digits
                ? "Put the four IDX files of MNIST into a folder 'mnist'."
                : "Install it with 'apt-get install dataset-fashion-mnist', or put its four IDX files into a folder 'fashion-mnist'.");
        return Mnist.Load(kind, folder, count, normalization ?? NormalizationScheme.Channel);
    }

    private static string FindCifar10(ImmutableArray<string> roots) => DatasetSearch.Find(
        "cifar10",
        roots,
        [Cifar10.FolderName],
        folder => [.. Cifar10.FileNames.Where(file => !File.Exists(Path.Combine(folder, file)))],
        $"Unpack the binary version of CIFAR-10 (cifar-10-binary.tar.gz); it makes a folder '{Cifar10.FolderName}'.");

    private static PlantedImagesOptions Planted(string name, string[] arguments)
    {
        Require(arguments.Length <= 3, name, PlantedForm);
        var options = new PlantedImagesOptions();
        return options with
        {
            Samples = arguments.Length > 0 ? Number<int>(name, arguments[0], PlantedForm) : options.Samples,
            Pairs = arguments.Length > 1 ? Number<int>(name, arguments[1], PlantedForm) : options.Pairs,
            Seed = arguments.Length > 2 ? Number<ulong>(name, arguments[2], PlantedForm) : options.Seed,
        };
    }

    // A path may have colons of its own: the longest that is a file is meant.
    private static DatasetPair Text(string name, string[] arguments, ImmutableArray<string> roots)
    {
        Require(arguments is [not "", ..], name, TextForm);
        for (int last = arguments.Length; last >= Math.Max(1, arguments.Length - 2); last--)
        {
            string path = string.Join(':', arguments[..last]);
            if (roots.Select(root => Path.Combine(root, path)).Prepend(path).FirstOrDefault(File.Exists) is { } found)
            {
                int[] numbers = [.. arguments[last..].Select(argument => Number<int>(name, argument, TextForm))];
                return TextFile.Load(
                    Path.GetFullPath(found),
                    numbers.Length > 0 ? numbers[0] : TextFile.DefaultContext,
                    numbers.Length > 1 ? numbers[1] : null);
            }
        }

        throw new DatasetException(
            $"'{name}' was not found: there is no file {arguments[0]} in {string.Join(", ", roots.Prepend("the current folder"))}.");
    }

    private static int? Count(string name, string[] arguments)
    {
        string form = $"{name.Split(':')[0]}[:COUNT]";
        Require(arguments.Length <= 1, name, form);
        return arguments.Length == 0 ? null : Number<int>(name, arguments[0], form);
    }

    private static T Number<T>(string name, string argument, string form)
        where T : System.Numerics.INumber<T>
    {
        Require(T.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out T? number), name, form);
        return number!;
    }

    private static void Require(bool condition, string name, string form)
    {
        if (!condition)
        {
            string numbers = form is ArraysForm or TextForm ? "" : ", with whole numbers in the places of capitals";
            throw new DatasetException($"'{name}' does not have the form {form}{numbers}.");
        }
    }

    private static void RequireNone(string name, NormalizationScheme? normalization)
    {
        if (normalization is not (null or NormalizationScheme.None))
        {
            throw new DatasetException(
                $"{name} has no pictures to normalise; leave the normalisation out or name 'none'.");
        }
    }
}
