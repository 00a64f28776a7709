using Dapr.Voice.Tests.Interop.Calls;
using Xunit;

namespace Dapr.Voice.Tests.Interop.Stacks;

/// <summary>A fact about one stack. If the stack can't run here, the fact is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StackFactAttribute : FactAttribute
{
    /// <param name="stack">The name of the stack, or null for a fact that needs only the system.</param>
    public StackFactAttribute(string? stack = null)
        => Skip = InteropRun.WhyNot ?? (stack is null ? null : Stack.All.Single(s => s.Name == stack).WhyNot);
}
