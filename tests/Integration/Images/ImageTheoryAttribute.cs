namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>A test for several images or containers that builds images. It needs root, buildah and debootstrap.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ImageTheoryAttribute : TheoryAttribute
{
    public ImageTheoryAttribute() => Skip = Buildah.WhyNot;
}
