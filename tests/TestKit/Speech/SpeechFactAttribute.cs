using Xunit;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>A fact that needs the speech packages. If they are missing, it is skipped with the command that installs them.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SpeechFactAttribute : FactAttribute
{
    public SpeechFactAttribute() => Skip = SpeechTools.Missing;
}

/// <summary>A theory that needs the speech packages.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SpeechTheoryAttribute : TheoryAttribute
{
    public SpeechTheoryAttribute() => Skip = SpeechTools.Missing;
}
