namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>Names of findings that Bicep has no code for.</summary>
internal static class Rules
{
    /// <summary>Real Bicep may accept this, our reader does not know it: an error, so that nothing unread passes for checked.</summary>
    public const string NotSupported = "not-supported";

    /// <summary>A limit of ours on size, depth or work.</summary>
    public const string Limit = "reader-limit";
}
