using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>The shared libraries that this project calls, and the Debian package of each.</summary>
public static class NativeLibraries
{
    public const string Ssl = "libssl.so.3";
    public const string Crypto = "libcrypto.so.3";
    public const string Opus = "libopus.so.0";
    public const string EspeakNg = "libespeak-ng.so.1";
    public const string PocketSphinx = "libpocketsphinx.so.3";
    public const string SphinxBase = "libsphinxbase.so.3";

    private static readonly (string Library, string Package)[] Packages =
    [
        (Ssl, "libssl3"),
        (Crypto, "libssl3"),
        (Opus, "libopus0"),
        (EspeakNg, "libespeak-ng1"),
        (PocketSphinx, "libpocketsphinx3"),
        (SphinxBase, "libsphinxbase3"),
    ];

    /// <summary>Loads each library now, so that a service fails at its start and not at the first call.</summary>
    /// <exception cref="MissingNativeLibraryException">One of them is not installed.</exception>
    public static void Require(params ReadOnlySpan<string> libraries)
    {
        foreach (string library in libraries) Load(library, typeof(NativeLibraries).Assembly, null);
    }

    /// <summary>
    /// Returns true if the library can be loaded and has the function <paramref name="export"/>. A library that was loaded stays loaded.
    /// </summary>
    public static bool IsInstalled(string library, string export)
        => NativeLibrary.TryLoad(library, typeof(NativeLibraries).Assembly, null, out nint handle)
        && NativeLibrary.TryGetExport(handle, export, out _);

    [ModuleInitializer]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Load);

    private static nint Load(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        // The runtime itself finds libc and other libraries that every Linux has. Zero means that this resolver does not handle the
        // library.
        string? package = PackageOf(library);
        if (package is null) return 0;
        return NativeLibrary.TryLoad(library, assembly, searchPath, out nint handle) ? handle
            : throw new MissingNativeLibraryException(library, package);
    }

    private static string? PackageOf(string library)
    {
        foreach ((string name, string? package) in Packages)
        {
            if (name == library) return package;
        }
        return null;
    }
}
