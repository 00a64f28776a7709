using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// The part of libpocketsphinx (5prealpha) that recognizes speech with a grammar, with the names of its header (pocketsphinx.h).
/// </summary>
public static unsafe partial class LibPocketSphinx
{
    private const string Library = NativeLibraries.PocketSphinx;
    private const string BaseLibrary = NativeLibraries.SphinxBase;

    /// <summary>Creates a decoder that logs nothing.</summary>
    /// <returns>An invalid handle if the model could not be loaded.</returns>
    public static PocketSphinxHandle Create(string acousticModelFolder, string dictionaryFile)
    {
        err_set_logfp(0);
        string[] arguments = ["decoder", "-hmm", acousticModelFolder, "-dict", dictionaryFile, "-logfn", "/dev/null"];
        nint* pointers = stackalloc nint[arguments.Length];
        for (int i = 0; i < arguments.Length; i++) pointers[i] = Marshal.StringToCoTaskMemUTF8(arguments[i]);
        try
        {
            // The library keeps its own copies of the strings.
            nint configuration = cmd_ln_parse_r(0, ps_args(), arguments.Length, pointers, 0);
            if (configuration == 0) return new PocketSphinxHandle();
            PocketSphinxHandle decoder = ps_init(configuration);
            cmd_ln_free_r(configuration);
            return decoder;
        }
        finally
        {
            for (int i = 0; i < arguments.Length; i++) Marshal.FreeCoTaskMem(pointers[i]);
        }
    }

    /// <param name="phones">Separated by spaces, in the phone set of the model.</param>
    /// <param name="update">Zero if more words follow.</param>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ps_add_word(PocketSphinxHandle decoder, string word, string phones, int update);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ps_set_jsgf_string(PocketSphinxHandle decoder, string name, string grammar);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ps_set_search(PocketSphinxHandle decoder, string name);

    [LibraryImport(Library)]
    public static partial int ps_start_utt(PocketSphinxHandle decoder);

    /// <param name="samples">PCM16 mono, 16 kHz.</param>
    /// <param name="fullUtterance">1 if this is the whole utterance, so that levels are normalized over all of it.</param>
    [LibraryImport(Library)]
    public static partial int ps_process_raw(
        PocketSphinxHandle decoder, ReadOnlySpan<short> samples, nuint count, int noSearch, int fullUtterance);

    [LibraryImport(Library)]
    public static partial int ps_end_utt(PocketSphinxHandle decoder);

    /// <returns>A string that belongs to the decoder, or zero if nothing was recognized.</returns>
    [LibraryImport(Library)]
    public static partial nint ps_get_hyp(PocketSphinxHandle decoder, out int score);

    [LibraryImport(Library)]
    public static partial int ps_get_n_frames(PocketSphinxHandle decoder);

    [LibraryImport(Library)]
    internal static partial int ps_free(nint decoder);

    [LibraryImport(Library)]
    private static partial PocketSphinxHandle ps_init(nint configuration);

    [LibraryImport(Library)]
    private static partial nint ps_args();

    [LibraryImport(BaseLibrary)]
    private static partial nint cmd_ln_parse_r(nint previous, nint definitions, int count, nint* arguments, int strict);

    [LibraryImport(BaseLibrary)]
    private static partial int cmd_ln_free_r(nint configuration);

    [LibraryImport(BaseLibrary)]
    private static partial void err_set_logfp(nint file);
}
