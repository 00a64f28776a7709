using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Dapr.Voice.Native;

/// <summary>
/// The part of libespeak-ng that synthesizes speech, with the names of its header (speak_lib.h). A process has one instance of the library,
/// which is not thread-safe. Only one thread may call these methods, or the caller must use a lock.
/// </summary>
public static unsafe partial class LibEspeakNg
{
    public const int EE_OK = 0;
    public const int AUDIO_OUTPUT_SYNCHRONOUS = 2;

    /// <summary>Without this option, a missing data folder ends the process.</summary>
    public const int espeakINITIALIZE_DONT_EXIT = 0x8000;

    /// <summary>Words per minute, 80 to 450.</summary>
    public const int espeakRATE = 1;

    private const uint espeakCHARS_UTF8 = 1;
    private const int POS_CHARACTER = 1;
    private const string Library = NativeLibraries.EspeakNg;

    private static ChunkHandler? s_onChunk;
    private static ExceptionDispatchInfo? s_thrown;

    /// <returns>False to stop speaking.</returns>
    public delegate bool ChunkHandler(ReadOnlySpan<short> samples);

    /// <param name="path">Zero selects the folder into which the package installed its data.</param>
    /// <returns>The sample rate in Hz, or a negative error.</returns>
    [LibraryImport(Library)]
    public static partial int espeak_Initialize(int output, int bufferMilliseconds, nint path, int options);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int espeak_SetVoiceByName(string name);

    [LibraryImport(Library)]
    public static partial int espeak_SetParameter(int parameter, int value, int relative);

    /// <summary>
    /// Speaks a text and passes the samples to the handler as they are produced. Returns after all samples, or when the handler returned
    /// false.
    /// </summary>
    /// <returns><see cref="EE_OK"/> or an error.</returns>
    public static int Synthesize(string text, ChunkHandler onChunk)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + "\0");
        s_onChunk = onChunk;
        s_thrown = null;
        espeak_SetSynthCallback(&OnSamples);
        int result;
        fixed (byte* start = bytes) result = espeak_Synth(start, (nuint)bytes.Length, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, null, null);
        s_onChunk = null;
        s_thrown?.Throw();
        return result;
    }

    [LibraryImport(Library)]
    private static partial void espeak_SetSynthCallback(delegate* unmanaged[Cdecl]<short*, int, void*, int> callback);

    [LibraryImport(Library)]
    private static partial int espeak_Synth(
        byte* text, nuint size, uint position, int positionType, uint endPosition, uint flags, uint* identifier, void* userData);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSamples(short* samples, int count, void* events)
    {
        if (samples == null || count <= 0) return 0;
        try
        {
            return s_onChunk!(new ReadOnlySpan<short>(samples, count)) ? 0 : 1;
        }
        catch (Exception thrown)
        {
            // An exception must not pass through frames of C code. It is rethrown in Synthesize.
            s_thrown = ExceptionDispatchInfo.Capture(thrown);
            return 1;
        }
    }
}
