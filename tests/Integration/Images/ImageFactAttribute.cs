using Dapr.Voice.TestKit.Speech;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>A test that builds images. It needs root, buildah and debootstrap.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ImageFactAttribute : FactAttribute
{
    /// <param name="needsSpeech">The test also speaks and recognises speech.</param>
    public ImageFactAttribute(bool needsSpeech = false) => Skip = Buildah.WhyNot ?? (needsSpeech ? SpeechTools.Missing : null);
}
