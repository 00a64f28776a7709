namespace Dapr.Voice.Contracts;

/// <summary>Values of <see cref="SessionRecord.ClientKind"/>: who asked for a session.</summary>
public static class ClientKinds
{
    /// <summary>A client of the Realtime API.</summary>
    public const string OpenAi = "openai";

    /// <summary>Another service, through its sidecar.</summary>
    public const string Internal = "internal";

    /// <summary>
    /// A check that a system answers, as <c>./voice up</c> makes after a start. It has a record and counts as a session. No lifecycle
    /// events are published, because nobody made a call.
    /// </summary>
    public const string Check = "check";

    /// <summary>The HTTP header that marks a call as a check. It counts only together with an API key.</summary>
    public const string CheckHeader = "voice-check";
}
