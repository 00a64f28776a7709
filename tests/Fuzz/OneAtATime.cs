using Xunit;

namespace Dapr.Voice.Tests.Fuzz;

/// <summary>Memory is the process's, so nothing else runs while it is watched.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneAtATime
{
    public const string Name = "one at a time";
}
