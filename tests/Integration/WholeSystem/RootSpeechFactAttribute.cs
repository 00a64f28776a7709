using Dapr.Voice.TestKit.Speech;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>A <see cref="RootFactAttribute"/> that needs the speech packages, too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootSpeechFactAttribute : FactAttribute
{
    public RootSpeechFactAttribute() => Skip = Environment.UserName == "root" ? SpeechTools.Missing : "needs root";
}
