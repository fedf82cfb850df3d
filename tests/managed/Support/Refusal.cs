namespace OpposingSignals.Tests.Support;

/// <summary>Assertions on messages that a user reads.</summary>
internal static class Refusal
{
    /// <summary>The action throws an <see cref="InputException"/> of one line that contains every word.</summary>
    public static void Expect(Action action, params string[] words)
    {
        InputException refusal = Assert.Throws<InputException>(action);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.EndsWith(".", refusal.Message, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, refusal.Message, StringComparison.Ordinal));
    }
}
