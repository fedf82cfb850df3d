namespace OpposingSignals.Runs;

/// <summary>Names of the files of a run.</summary>
/// <param name="Root">The run's folder.</param>
public sealed record RunFolder(string Root)
{
    /// <summary>The configuration.</summary>
    public string Configuration => Path.Combine(Root, "run.json");

    /// <summary>A row per step: losses, sharpness, movement of the samples.</summary>
    public string Metrics => Path.Combine(Root, "metrics.csv");

    /// <summary>A row per measured step: Ritz values with residuals.</summary>
    public string RitzValues => Path.Combine(Root, "eigen", "ritz.csv");

    /// <summary>The Hessian's top eigenvector at the end, with PyTorch's names.</summary>
    public string Eigenvectors => Path.Combine(Root, "eigen", "vectors.safetensors");

    /// <summary>A row per step: the samples whose losses rose and fell most.</summary>
    public string Movers => Path.Combine(Root, "samples", "movers.csv");

    /// <summary>The loss of every sample at every step, float32 [T, N]; only on request.</summary>
    public string FullLosses => Path.Combine(Root, "samples", "losses.f32");

    /// <summary>A row per step: what the network makes of the probes; only where there are some.</summary>
    public string Probes => Path.Combine(Root, "samples", "probes.csv");

    /// <summary>The opposing groups that were found.</summary>
    public string Groups => Path.Combine(Root, "samples", "groups.json");

    /// <summary>Arrays that show what each pair's signal is; see <see cref="Signals.PairSignals.Arrays"/>.</summary>
    public string Signals => Path.Combine(Root, "samples", "signals.safetensors");

    /// <summary>Everything that resuming needs, as of the last checkpoint.</summary>
    public string State => Path.Combine(Root, "checkpoints", "state.safetensors");

    /// <summary>The weights at the end, with PyTorch's names.</summary>
    public string Model => Path.Combine(Root, "checkpoints", "model.safetensors");

    /// <summary>The weights before a divergence, with PyTorch's names.</summary>
    public string LastGood => Path.Combine(Root, "checkpoints", "last-good.safetensors");

    /// <summary>The report.</summary>
    public string Report => Path.Combine(Root, "report.html");

    /// <summary>The log.</summary>
    public string Log => Path.Combine(Root, "log.txt");

    /// <summary>Held open by the process that runs the run.</summary>
    public string Lock => Path.Combine(Root, "run.lock");

    /// <summary>The folder that a path, absolute or relative, names.</summary>
    /// <exception cref="InputException">The path is empty.</exception>
    public static RunFolder At(string path) =>
        string.IsNullOrWhiteSpace(path)
            ? throw new InputException("The name of the run's folder is empty.")
            : new RunFolder(Path.GetFullPath(path));

    /// <summary>Refuses a folder that holds a run.</summary>
    /// <exception cref="InputException">It does.</exception>
    public void RequireFree()
    {
        if (File.Exists(Configuration))
        {
            throw new InputException(
                $"{Root} holds a run already. Resume it with 'opsig resume {Root}', or choose another folder.");
        }
    }

    /// <summary>Refuses a folder that holds no run.</summary>
    /// <exception cref="InputException">It holds none.</exception>
    public void RequireRun()
    {
        if (!File.Exists(Configuration))
        {
            throw new InputException($"{Root} holds no run: {Configuration} is missing. Start one with 'opsig train'.");
        }
    }

    /// <summary>Makes the folder and its parts.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public void Create()
    {
        try
        {
            foreach (string part in (string[])["eigen", "samples", "checkpoints"])
            {
                Directory.CreateDirectory(Path.Combine(Root, part));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The run's folder {Root} cannot be made: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Reads the configuration of a run that exists.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public RunConfiguration ReadConfiguration()
    {
        RequireRun();
        return RunConfiguration.FromJson(Configuration, File.ReadAllText(Configuration));
    }
}
