namespace Dapr.Voice.Hooks;

/// <summary>A hook cannot go on. azd shows both sentences and stops. Neither may contain a secret.</summary>
/// <param name="problem">What is wrong, in one sentence.</param>
/// <param name="fix">What the reader can do about it.</param>
internal sealed class HookFailure(string problem, string fix) : Exception(problem)
{
    public string Fix { get; } = fix;
}
