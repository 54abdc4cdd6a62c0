{
  'targets': [
    {
      'target_name': 'wsserver',
      # A .cc below native/ is compiled; nothing is linked: libuv, OpenSSL and zlib are Node's own.
      'sources': [
        "<!@(node -p \"fs.readdirSync('native', {recursive: true}).filter((f) => f.endsWith('.cc')).map((f) => 'native/' + f.split(path.sep).join('/')).join(' ')\")",
      ],
      'include_dirs': [
        'native',
        "<!(node -p \"require('node-addon-api').include_dir\")",
      ],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      # Node's common.gypi turns off exceptions and RTTI, sets -O3, and names an older standard.
      'cflags_cc!': ['-std=gnu++17'],
      'cflags_cc': [
        '-std=c++20',
        '-fvisibility=hidden',
        '-fvisibility-inlines-hidden',
        '-ffunction-sections',
        '-fdata-sections',
      ],
      'conditions': [
        # docs/architecture.md says what hardens the file, and what does not, and why.
        ['OS=="linux"', {
          'cflags_cc': [
            '-UNDEBUG',
            '-U_FORTIFY_SOURCE',
            '-fstack-protector-strong',
            '-fstack-clash-protection',
          ],
          'ldflags': [
            '-Wl,--gc-sections',
            '-Wl,-z,relro',
            '-Wl,-z,now',
            '-Wl,-z,noexecstack',
          ],
        }],
      ],
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
        'CLANG_CXX_LIBRARY': 'libc++',
        'GCC_INLINES_ARE_PRIVATE_EXTERN': 'YES',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
      },
      'msvs_settings': {
        'VCCLCompilerTool': {'AdditionalOptions': ['/std:c++20', '/utf-8']},
      },
    },
  ],
}
