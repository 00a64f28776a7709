namespace Dapr.Voice.Native;

/// <summary>A shared library that this process needs is not installed. The message names the package that contains it.</summary>
public sealed class MissingNativeLibraryException(string library, string package)
    : DllNotFoundException($"The native library {library} was not found. Install it with: apt-get install {package}")
{
    /// <summary>The file name that the loader searches for, such as <c>libssl.so.3</c>.</summary>
    public string Library { get; } = library;

    /// <summary>The Debian package that contains it.</summary>
    public string Package { get; } = package;
}
