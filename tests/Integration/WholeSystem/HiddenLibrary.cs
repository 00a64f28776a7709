using System.Text;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>Hides a shared library from one command and its children, as if it were not installed. This needs root.</summary>
internal static class HiddenLibrary
{
    /// <summary>
    /// A wrapper for <see cref="VoiceSystem.StartWith"/>: in a mount namespace of its own, an empty file covers the library.
    /// </summary>
    /// <param name="library">The file's name, for example <c>libopus.so.0</c>.</param>
    /// <param name="folder">Where the command starts; null for the folder of the test.</param>
    public static string[] Prefix(string library, string? folder = null)
        => Covered(library, "/dev/null", folder);

    /// <summary>
    /// The same for libopus alone. Debian's voice of the local agent loads libopus, too, through libraries for sound cards, and could not
    /// speak without it. So the file that covers it is a copy without the functions that we call. The copy is made in <paramref
    /// name="folder"/>.
    /// </summary>
    public static string[] OpusPrefix(string folder)
    {
        byte[] library = File.ReadAllBytes(PathOf("libopus.so.0"));
        // A renamed function is not found by its old name, and not by the new one, which has another hash.
        foreach (string function in new[] { "opus_encoder_create", "opus_decoder_create" })
        {
            int at = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{function}\0"));
            Assert.True(at > 0, function);
            library[at + 1] = (byte)'x';
        }
        string copy = Path.Combine(folder, "libopus-without-functions");
        File.WriteAllBytes(copy, library);
        return Covered("libopus.so.0", copy, folder);
    }

    private static string[] Covered(string library, string cover, string? folder)
        =>
        [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                $"mount --bind '{cover}' {PathOf(library)} && cd '{folder ?? "."}' && exec \"$@\"", "sh",
        ];

    private static string PathOf(string library)
        => Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Select(f => Path.Combine(f, library)).First(File.Exists);
}
