using Xunit;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>A fact that needs the speech packages; skipped, with the command to install them, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SpeechFactAttribute : FactAttribute
{
    public SpeechFactAttribute() => Skip = SpeechTools.Missing;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SpeechTheoryAttribute : TheoryAttribute
{
    public SpeechTheoryAttribute() => Skip = SpeechTools.Missing;
}
