using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>The Debian packages that tests need to speak and to recognise speech.</summary>
public static class SpeechTools
{
    public const string ModelFolder = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>The command that installs the missing packages, or null if nothing is missing.</summary>
    public static string? Missing
    {
        get
        {
            var packages = new List<string>();
            if (Programs.Find("flite") is null) packages.Add("flite");
            if (!NativeLibrary.TryLoad(NativeLibraries.EspeakNg, out _)) packages.Add("libespeak-ng1");
            if (!NativeLibrary.TryLoad(NativeLibraries.PocketSphinx, out _)) packages.Add("libpocketsphinx3");
            if (!Directory.Exists(ModelFolder)) packages.Add("pocketsphinx-en-us");
            return packages.Count == 0 ? null : $"Not installed: apt-get install {string.Join(' ', packages)}";
        }
    }
}
