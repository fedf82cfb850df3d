namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// A float32 evaluation may take another branch than exact arithmetic: the data of a test lie too close to a kink, and
/// no bound can be given. Other data are needed.
/// </summary>
public sealed class UndecidedException(string what) : Exception($"Rounding decides {what}.");
