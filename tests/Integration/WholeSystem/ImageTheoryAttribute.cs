namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>A test that makes an image's root file system of this machine's packages: root, and Debian's tools.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ImageTheoryAttribute : TheoryAttribute
{
    public ImageTheoryAttribute() => Skip = ImageRoot.IsPossible ? null : "needs root and dpkg";
}
