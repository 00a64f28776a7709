namespace Dapr.Voice.Cli.Machine;

/// <summary>Who needs a package. Each needs what those before it need.</summary>
internal enum NativeNeed
{
    /// <summary>A caller: <c>./voice call</c> and <c>./voice load</c>.</summary>
    Call,

    /// <summary><c>./voice up</c>.</summary>
    System,

    /// <summary><c>./voice test</c>.</summary>
    Tests,
}
