using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Runs;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary><c>opsig curvature</c>: the spectrum's ends at given weights.</summary>
internal static class CurvatureCommand
{
    public static Command Create()
    {
        var options = new RunOptions();
        Option<int> count = RunOptions.WithDefault("--eigs", 5, "Eigenpairs wanted, at each end for --which both.");
        Option<string> which =
            RunOptions.WithDefault("--which", "largest", "largest, smallest (algebraically) or both.");
        Option<string> matrix = RunOptions.WithDefault(
            "--matrix", "hessian", "hessian, ggn (generalised Gauss-Newton) or fisher (empirical).");
        Option<double> tolerance = RunOptions.WithDefault("--eig-tol", 1e-4, "Relative residual of an eigenpair.");
        Option<int> products = RunOptions.WithDefault("--max-products", 1000, "Limit of matrix-vector products.");
        Option<bool> test = new("--test") { Description = "Also the loss and accuracy on the test set." };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "curvature",
            "Eigenvalues of the Hessian of the mean training loss at given weights, with residuals.\n" +
            "Example: opsig curvature --model mlp:200,200:tanh --data fashion-mnist:1000 --weights model.safetensors --eigs 5");
        options.AddTo(command);
        foreach (Option option in (Option[])[count, which, matrix, tolerance, products, test, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            ProductKind kind = parsed.GetValue(matrix) switch
            {
                "hessian" => ProductKind.Hessian,
                "ggn" => ProductKind.GaussNewton,
                "fisher" => ProductKind.EmpiricalFisher,
                var other => throw new InputException($"There is no matrix '{other}'. Known: hessian, ggn, fisher."),
            };
            Spectrum spectrum = parsed.GetValue(which) switch
            {
                "largest" => Spectrum.Largest,
                "smallest" => Spectrum.Smallest,
                "both" => Spectrum.BothEnds,
                var other => throw new InputException($"There is no end '{other}'. Known: largest, smallest, both."),
            };
            if (parsed.GetValue(count) < 1 || parsed.GetValue(products) < 1
                || parsed.GetValue(tolerance) is not (> 0 and < 1))
            {
                throw new InputException(
                    "The eigenpairs and products must be at least 1, and the tolerance between 0 and 1.");
            }

            // The step size plays no part in curvature.
            using var objects = new RunObjects(options.Read(parsed, stepSize: 1, new TrainingOptions()));
            using var parameters =
                new VectorBlock(objects.Device, objects.Configuration.Precision, 1, objects.Network.ParameterCount);
            parameters.CopyFrom(objects.InitialParameters());
            Console.Error.WriteLine(objects.Objective.Plan);
            LinearizationPoint point = objects.Objective.Linearize(parameters);
            if (!double.IsFinite(point.Loss))
            {
                throw new InputException("The loss at these weights is not finite: there is no curvature to measure.");
            }

            using EigenSolution solution = new BlockLanczos(new LanczosOptions
            {
                Count = parsed.GetValue(count),
                Spectrum = spectrum,
                Tolerance = parsed.GetValue(tolerance),
                MaximumProducts = parsed.GetValue(products),
            }).Solve(new CurvatureOperator(point, kind));
            Evaluation? onTest = parsed.GetValue(test) ? EvaluateTestSet(objects, parameters) : null;
            if (parsed.GetValue(json))
            {
                PrintJson(objects, point, onTest, kind, solution);
            }
            else
            {
                PrintTable(objects, point, onTest, kind, solution);
            }

            return solution.Converged ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
    }

    // In evaluation mode, whatever the curvature was measured in.
    private static Evaluation EvaluateTestSet(RunObjects objects, VectorBlock parameters)
    {
        using Objective objective = objects.ObjectiveOf(
            objects.Data.Test ?? throw new InputException($"{objects.Configuration.Data} has no test set."),
            forwardOnly: true);
        return objective.Evaluate(parameters);
    }

    private static void PrintTable(
        RunObjects objects, LinearizationPoint point, Evaluation? test, ProductKind kind, EigenSolution solution)
    {
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kind} of {objects.Objective.Convention}, {objects.Objective.SampleCount} samples, {objects.Configuration.Precision}"));
        Console.Out.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"loss {point.Loss:G8}, accuracy {point.Accuracy:P2}"));
        if (test is not null)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"test loss {test.Loss:G8}, {test.Correct} of {test.Targets} right"));
        }

        Console.Out.WriteLine($"{"eigenvalue",16}{"residual",12}");
        foreach (RitzPair pair in solution.Pairs)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{pair.Value,16:G8}{pair.Residual,12:G2}{(pair.Converged ? "" : "  not converged")}"));
        }

        Console.Out.WriteLine($"{solution.Products} products");
    }

    private static void PrintJson(
        RunObjects objects, LinearizationPoint point, Evaluation? test, ProductKind kind, EigenSolution solution) =>
        Console.Out.WriteLine(new JsonObject
        {
            ["matrix"] = kind.ToString(),
            ["loss_convention"] = objects.Objective.Convention,
            ["batch_norm"] = objects.Objective.BatchNorm?.ToString().ToLowerInvariant(),
            ["ghost_batch"] = objects.Objective.GhostBatch,
            ["samples"] = objects.Objective.SampleCount,
            ["parameters"] = objects.Network.ParameterCount,
            ["precision"] = objects.Configuration.Precision.ToString(),
            ["loss"] = point.Loss,
            ["accuracy"] = point.Accuracy,
            ["test"] = test is null
                ? null
                : new JsonObject
                {
                    ["loss"] = test.Loss,
                    ["samples"] = test.SampleLosses.Length,
                    ["correct"] = test.Correct,
                },
            ["products"] = solution.Products,
            ["converged"] = solution.Converged,
            ["eigenpairs"] = new JsonArray([.. solution.Pairs.Select(pair => new JsonObject
            {
                ["value"] = pair.Value,
                ["residual"] = pair.Residual,
                ["converged"] = pair.Converged,
            })]),
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
}
