namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>A test that takes something away from the machine for one process, which only root can.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Environment.UserName == "root" ? null : "needs root";
}
