namespace Dapr.Voice.Cli.Machine;

/// <summary>Which command needs a package. Each command also needs the packages of those above it.</summary>
internal enum NativeNeed
{
    /// <summary><c>./voice call</c> and <c>./voice load</c>.</summary>
    Call,

    /// <summary><c>./voice up</c>.</summary>
    System,

    /// <summary><c>./voice test</c>.</summary>
    Tests,

    /// <summary><c>./voice test interop</c>, whose stacks are too large to install for every test.</summary>
    Interop,
}
