using OpposingSignals.Benchmarks;
using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Benchmarks.Libraries;

/// <summary>The way to cuBLAS, cuBLASLt and cuDNN, with stand-ins for them on the emulated device.</summary>
public sealed class KernelLibrariesTests
{
    // Transposes in either operand come with the passes; a stacked and a batched product, with and without a bias.
    private const string Products = "linear inputs=5 outputs=3 positions=2 samples=4 vectors=2";
    private const string Plain = "linear inputs=4 outputs=6 samples=3 bias=0";
    private const string Strided =
        "convolution input=6x5x4 channels=6 kernel=3 stride=2 padding=1 groups=2 samples=2 vectors=2 bias=0";
    private const string Shifted = "convolution input=4x4x3 channels=2 kernel=3 padding=1 samples=2";
    private const string Pointwise = "convolution input=4x3x3 channels=2 kernel=1 samples=2";

    public static TheoryData<string, ProductArithmetic> Cases
    {
        get
        {
            var cases = new TheoryData<string, ProductArithmetic>();
            foreach (string shape in (string[])[Products, Plain, Strided, Shifted, Pointwise])
            {
                cases.Add(shape, ProductArithmetic.Float32);
            }

            foreach (ProductArithmetic arithmetic in Enum.GetValues<ProductArithmetic>()[1..])
            {
                cases.Add(Products, arithmetic);
                cases.Add(Strided, arithmetic);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryPassAgreesWithTheLibrariesThatHaveIt(string line, ProductArithmetic arithmetic)
    {
        using CudaDevice device = CudaDevice.OpenEmulated(arithmetic);
        using (KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]))
        {
            Assert.Empty(libraries.Missing);
            Assert.Equal(["cuBLASLt", "cuBLAS", "cuDNN"], libraries.Found.Select(library => library.Name));
            Assert.Equal([120000, 120000, 90000], libraries.Found.Select(library => library.Version));
            string[] wanted = line.StartsWith("linear", StringComparison.Ordinal) ? ["cuBLASLt", "cuBLAS"] : ["cuDNN"];
            foreach (KernelTiming timing in KernelShape.Parse(line).Time(device, Precision.Float32, seconds: 1e-4,
                libraries))
            {
                // The emulated driver records nothing of a stand-in: replayed, it may take no time at all.
                Assert.Equal(wanted, timing.Libraries.Select(library => library.Library));
                Assert.All(timing.Libraries, library => Assert.True(
                    library.Agrees && library.NotRun is null && library.Seconds >= 0, $"{timing.Pass}: {library}"));
            }
        }

        // Our kernels' scratch memory stays, where they took any.
        Assert.InRange(device.LiveBuffers, 0, 1);
    }

    [Fact]
    public void Float64IsComparedWithCublasAlone()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]);
        foreach (KernelTiming timing in KernelShape.Parse(Products).Time(device, Precision.Float64, seconds: 1e-4,
            libraries))
        {
            // The stand-in for cuBLASLt knows float32 alone, and says so.
            Assert.Contains("CUBLAS_STATUS_INVALID_VALUE", timing.Libraries[0].NotRun, StringComparison.Ordinal);
            Assert.True(timing.Libraries[1] is { Library: "cuBLAS", Agrees: true, NotRun: null });
        }

        Assert.All(
            KernelShape.Parse(Strided).Time(device, Precision.Float64, seconds: 1e-4, libraries),
            timing => Assert.Empty(timing.Libraries));
    }

    [Fact]
    public void WrongResultsAreMarked()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]);
        using StandIns.Fault fault = StandIns.Fail("wrong");
        foreach (string line in (string[])[Plain, Shifted])
        {
            Assert.All(
                KernelShape.Parse(line).Time(device, Precision.Float32, seconds: 1e-4,
                    libraries).SelectMany(timing => timing.Libraries),
                library => Assert.False(library.Agrees, $"{library}"));
        }
    }

    [Theory]
    [InlineData("cublasGemmStridedBatchedEx", Plain, "cuBLAS",
        "cublasGemmStridedBatchedEx returns CUBLAS_STATUS_EXECUTION_FAILED (13)")]
    [InlineData("cublasLtMatmulAlgoGetHeuristic", Plain, "cuBLASLt",
        "AlgoGetHeuristic returns CUBLAS_STATUS_NOT_SUPPORTED (15)")]
    [InlineData("cudnnFindConvolutionForwardAlgorithmEx", Shifted, "cuDNN",
        "returns CUDNN_STATUS_NOT_SUPPORTED (3000)")]
    public void AFailingCallIsNamedWithItsStatusAndOursAreTimedAllTheSame(string call, string line, string name,
        string message)
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]);
        using StandIns.Fault fault = StandIns.Fail(call);
        KernelTiming forward = KernelShape.Parse(line).Time(device, Precision.Float32, seconds: 1e-4, libraries)[0];
        LibraryTiming failed = Assert.Single(forward.Libraries, library => library.Library == name);
        Assert.Contains(message, failed.NotRun, StringComparison.Ordinal);
        Assert.True(forward.Seconds > 0 && !failed.Agrees);
    }

    [Fact]
    public void ALibraryThatFailsWhileItIsTimedLeavesOurNumberStanding()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]);

        // Its first call is that of the comparison.
        using StandIns.Fault fault = StandIns.Fail("cublasGemmStridedBatchedEx@2");
        KernelTiming forward = KernelShape.Parse(Plain).Time(device, Precision.Float32, seconds: 1e-4, libraries)[0];
        Assert.All(forward.Libraries, library => Assert.Contains(
            "EXECUTION_FAILED", library.NotRun, StringComparison.Ordinal));
        Assert.True(forward.Seconds > 0 && forward.Libraries.Count == 2);
    }

    [Fact]
    public void WhatIsMissingIsSaidInALineEach()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using var folder = new TemporaryFolder();

        // One has no file, one a file that is no library, one lacks every entry point.
        folder.Write("libcublasLt.so.12", "no library"u8);
        File.Copy(Path.Combine(StandIns.Folder, "libcublas.so.12"), folder["libcudnn.so.9"]);
        using (KernelLibraries libraries = KernelLibraries.Open(device, [folder.Path]))
        {
            Assert.Empty(libraries.Found);
            Assert.Collection(
                libraries.Missing,
                line => Assert.Contains($"cuBLASLt is not timed: {folder["libcublasLt.so.12"]}", line,
                    StringComparison.Ordinal),
                line => Assert.Contains($"cuBLAS is not timed: no libcublas.so.13, .12, .11 in {folder.Path}", line,
                    StringComparison.Ordinal),
                line => Assert.Contains($"{folder["libcudnn.so.9"]} lacks cudnnGetErrorString", line,
                    StringComparison.Ordinal));
        }

        using (StandIns.Fail("cublasCreate_v2"))
        using (KernelLibraries libraries = KernelLibraries.Open(device, [StandIns.Folder]))
        {
            Assert.Contains("cublasCreate returns CUBLAS_STATUS_EXECUTION_FAILED", Assert.Single(libraries.Missing),
                StringComparison.Ordinal);
        }

        using var processor = new CpuDevice(1);
        using KernelLibraries none = KernelLibraries.Open(processor, [StandIns.Folder]);
        Assert.True(none is { Found.Count: 0, Missing.Count: 0 });
    }

    [Fact]
    public void TheCommandPutsLibrariesOfAWheelBesideOurKernels()
    {
        using var folder = new TemporaryFolder();
        string wheel = Directory.CreateDirectory(Path.Combine(folder.Path, "nvidia", "cublas", "lib")).FullName;
        File.Copy(Path.Combine(StandIns.Folder, "libcublas.so.12"), Path.Combine(wheel, "libcublas.so.12"));
        string shapes = folder.Write("shapes.txt", "linear inputs=4 outputs=3 samples=2 bias=0\n"u8);
        string[] arguments = ["bench", "kernels", "--device", "cuda-emulated", "--shapes", shapes, "--libraries",
            folder.Path, "--seconds", "0.001"];
        CommandResult json = CommandLine.Run([.. arguments, "--json"]);
        Assert.Equal(0, json.Status);
        Assert.Contains("cuDNN is not timed", json.Error, StringComparison.Ordinal);
        using var parsed = System.Text.Json.JsonDocument.Parse(json.Output);
        Assert.Equal(2, parsed.RootElement.GetProperty("missingLibraries").GetArrayLength());
        Assert.Equal("cuBLAS", parsed.RootElement.GetProperty("libraries")[0].GetProperty("name").GetString());
        System.Text.Json.JsonElement beside = parsed.RootElement.GetProperty("timings")[0].GetProperty("libraries")[0];
        Assert.True(beside.GetProperty("agrees").GetBoolean() && beside.GetProperty("seconds").GetDouble() >= 0);
        CommandResult table = CommandLine.Run(arguments);
        Assert.Matches(@"\n    cuBLAS +\d+\.\d+  rate \d+%, difference \d\.\dE", table.Output.Replace(" %", "%",
            StringComparison.Ordinal));
    }
}
