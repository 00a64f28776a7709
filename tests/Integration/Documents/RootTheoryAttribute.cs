namespace Dapr.Voice.Tests.Integration.Documents;

/// <summary>A test whose system needs a network of its own, which only root can make.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute() => Skip = Environment.UserName == "root" ? null : "needs root, for a network namespace";
}
