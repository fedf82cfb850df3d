using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class DirectionalWindowTests
{
    /// <summary>On a quadratic loss with a complete basis of eigenvectors the parts sum to the loss change.</summary>
    [Fact]
    public void OnAQuadraticThePartsAreTheWholeChange()
    {
        double[] eigenvalues = [3, -1, 0.5];
        double[] at = [0.4, -0.2, 0.7], step = [-0.3, 0.1, 0.25];
        double Loss(double[] x) => 0.5 * eigenvalues.Zip(x, (l, v) => l * v * v).Sum();
        double change = Loss([.. at.Zip(step, (a, b) => a + b)]) - Loss(at);
        var window = new DirectionalWindow(samples: 1, directions: 3);
        window.Observe(0, step, [.. eigenvalues.Zip(at, (l, v) => l * v)], eigenvalues);
        Assert.Equal(Math.Abs(change), window.Movements()[0], 1e-6);
        Assert.Equal(Math.Sqrt(4.5), window.Responses()[0], 1e-6);
    }

    [Fact]
    public void OnlyTheLatestStepsAreKept()
    {
        var window = new DirectionalWindow(samples: 2, directions: 1, capacity: 3);
        for (int t = 0; t < 5; t++)
        {
            window.Observe(t, [1], [t, 0], [0, 0]);
        }

        Assert.Equal(3, window.Count);
        Assert.Equal(Math.Sqrt((4 + 9 + 16) / 3.0), window.Movements()[0], 1e-6);
    }

    [Fact]
    public void ARestoredWindowGoesOnBitwise()
    {
        (DirectionalWindow window, _) = PlantedDirections.Create(1, 0);
        var restored = new DirectionalWindow(PlantedDirections.Samples, PlantedDirections.Directions);
        restored.Restore(window.Save());
        Assert.Equal(window.LastStep, restored.LastStep);
        Assert.Equal(window.Movements(), restored.Movements());
        Assert.Equal(window.Responses(), restored.Responses());
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        var window = new DirectionalWindow(samples: 2, directions: 1);
        Assert.Throws<ArgumentException>(() => window.Observe(0, [1, 2], [0, 0], [0, 0]));
        Assert.Throws<ArgumentException>(() => window.Observe(0, [1], [0], [0, 0]));
        window.Observe(3, [1], [0, 0], [0, 0]);
        Assert.Throws<ArgumentException>(() => window.Observe(3, [1], [0, 0], [0, 0]));
        Assert.Throws<ArgumentException>(() => new DirectionalWindow(3, 1).Restore(window.Save()));
    }
}
