"""The names that a reader's statement may use: functions, table functions, types, system tables, formats.

Each list says what is allowed; everything else is refused. A test holds them against the engine's own lists:
a name that a newer engine brings is refused until somebody has put it on one of the two lists.
"""

from __future__ import annotations

from typing import Final


def names(text: str) -> frozenset[str]:
    """The words of `text`, as a set."""
    return frozenset(text.split())


FUNCTIONS: Final = names("""
    abs accuratecast accuratecastordefault accuratecastornull acos acosh adddate adddays addhours
    addinterval addmicroseconds addmilliseconds addminutes addmonths addnanoseconds addquarters addseconds
    addtupleofintervals addweeks addyears age alphatokens and any any_respect_nulls any_value
    any_value_respect_nulls anylast anylast_respect_nulls anylastrespectnulls anyrespectnulls
    anyvaluerespectnulls appendtrailingcharifabsent approx_top_count approx_top_k approx_top_sum
    areacartesian areaspherical argandmax argandmin argmax argmin array array_agg array_concat_agg
    array_remove array_to_string arrayall arrayautocorrelation arrayavg arraycompact arrayconcat arraycount
    arraydistinct arrayelement arrayelementornull arrayenumerate arrayenumerateuniq arrayexcept arrayexists
    arrayfill arrayfilter arrayfirst arrayfirstindex arrayfirstornull arrayflatten arrayintersect arrayjoin
    arraylast arraylastindex arraylastornull arraymap arraymax arraymin arraypartialreversesort
    arraypartialsort arraypopback arraypopfront arrayproduct arraypushback arraypushfront arrayreduce
    arrayreduceinranges arrayremove arrayresize arrayreverse arrayreversefill arrayreversesort
    arrayreversesplit arrayslice arraysort arraysplit arraystringconcat arraysum arraysymmetricdifference
    arraytranspose arrayunion arrayuniq arraywithconstant arrayzip arrayzipunaligned asin asinh
    assumenotnull atan atan2 atanh avg bar base32decode base32encode base58decode base58encode basename bin
    bitand bitcount bitnot bitor bitslice bittest bitxor blocknumber blockserializedsize blocksize
    bytehammingdistance bytesize byteslice byteswap cardinality casewithexpr casewithexpression
    casewithoutexpr casewithoutexpression cast cbrt ceil ceiling changeday changehour changeminute
    changemonth changesecond changeyear char char_length character_length cityhash64 clamp coalesce
    coloroklabtosrgb coloroklchtosrgb colorsrgbtooklab colorsrgbtooklch comparesubstrings concat concat_ws
    concatassumeinjective concatwithseparator concatwithseparatorassumeinjective conv corr corrstable cos
    cosh count countdigits countequal countmatches countmatchescaseinsensitive countsubstrings
    countsubstringscaseinsensitive countsubstringscaseinsensitiveutf8 covar_pop covar_samp covarpop
    covarpopstable covarsamp covarsampstable crc32 crc32ieee crc64 cume_dist curdate current_database
    current_date current_query_id current_schemas current_timestamp current_user currentdatabase
    currentprofiles currentqueryid currentroles currentschemas currentuser cutfragment cutipv6
    cutquerystring cutquerystringandfragment cuttofirstsignificantsubdomain
    cuttofirstsignificantsubdomainrfc cuttofirstsignificantsubdomainwithwww
    cuttofirstsignificantsubdomainwithwwwrfc cuturlparameter cutwww dameraulevenshteindistance database date
    date_bin date_diff date_format date_trunc datediff datename datetime64tosnowflake
    datetime64tosnowflakeid datetimetosnowflake datetimetosnowflakeid datetimetouuidv7 datetrunc day
    dayofmonth dayofweek dayofyear decodeurlcomponent decodeurlformcomponent defaultprofiles defaultroles
    defaultvalueofargumenttype defaultvalueoftypename degrees dense_rank denserank displayname divide
    dividedecimal divideornull domain domainrfc domainwithoutwww domainwithoutwwwrfc dumpcolumnstructure
    dynamicelement dynamictype e editdistance editdistanceutf8 empty emptyarraydate emptyarraydatetime
    emptyarrayfloat32 emptyarrayfloat64 emptyarrayint16 emptyarrayint32 emptyarrayint64 emptyarrayint8
    emptyarraystring emptyarraytosingle emptyarrayuint16 emptyarrayuint32 emptyarrayuint64 emptyarrayuint8
    enabledprofiles enabledroles encodeurlcomponent encodeurlformcomponent endswith endswithcaseinsensitive
    endswithcaseinsensitiveutf8 endswithutf8 equals erf erfc errorcodetoname exp exp10 exp2
    exponentialtimedecayedavg exponentialtimedecayedcount exponentialtimedecayedmax
    exponentialtimedecayedsum extract extractall extractallgroups extractallgroupshorizontal
    extractallgroupsvertical extractgroups extractkeyvaluepairs extractkeyvaluepairswithescaping
    extracttextfromhtml extracturlparameter extracturlparameternames extracturlparameters factorial
    finalizeaggregation financialinternalrateofreturn financialinternalrateofreturnextended
    financialnetpresentvalue financialnetpresentvalueextended first_value first_value_respect_nulls
    firstline firstnondefault firstsignificantsubdomain firstsignificantsubdomainrfc firstvaluerespectnulls
    flatten flattentuple flipcoordinates floor format format_bytes formatdatetime formatdatetimeinjodasyntax
    formatreadabledecimalsize formatreadablesize fragment from_days from_unixtime from_utc_timestamp
    fromdayssinceyearzero fromdayssinceyearzero32 frommodifiedjulianday frommodifiedjuliandayornull
    fromunixtimestamp fromunixtimestamp64micro fromunixtimestamp64milli fromunixtimestamp64nano
    fromunixtimestamp64second fromunixtimestampinjodasyntax fromutctimestamp fuzzbits generatesnowflakeid
    generateuuidv4 generateuuidv7 geodistance geohashdecode geohashencode geohashesinbox getsetting
    getsettingordefault getsizeofenumtype getsubcolumn gettypeserializationstreams globalin
    globalinignoreset globalnotin globalnotinignoreset globalnotnullin globalnotnullinignoreset globalnullin
    globalnullinignoreset greatcircleangle greatcircledistance greater greaterorequals greatest grouparray
    grouparraylast grouparraysample groupuniqarray halfmd5 has hasall hasalltoken hasalltokens hasany
    hasanytoken hasanytokens hasphrase hassubsequence hassubsequencecaseinsensitive
    hassubsequencecaseinsensitiveutf8 hassubsequenceutf8 hassubstr hastoken hastokencaseinsensitive
    hastokencaseinsensitiveornull hastokenornull hex highlight highlightquery hilbertdecode hilbertencode
    hop hopend hopstart hour hypot identity if ifnotfinite ifnull ignore ilike in indexhint indexof
    inet6_aton inet6_ntoa inet_aton inet_ntoa inignoreset initcap initcaputf8 initial_query_id
    initial_query_start_time initializeaggregation initialqueryid initialquerystarttime instr intdiv
    intdivornull intexp10 intexp2 inthash32 inthash64 ipv4cidrtorange ipv4numtostring ipv4numtostringclassc
    ipv4stringtonum ipv4stringtonumordefault ipv4stringtonumornull ipv4toipv6 ipv6cidrtorange
    ipv6numtostring ipv6stringtonum ipv6stringtonumordefault ipv6stringtonumornull isascii isconstant
    isdecimaloverflow isdynamicelementinshareddata isfinite isinfinite isipaddressinrange isipv4string
    isipv6string isnan isnotnull isnull isnullable isprime isprobableprime isvalidascii isvalidjson
    isvalidutf8 iszeroornull jarosimilarity jarowinklersimilarity json_array_length json_exists json_query
    json_value jsonallpaths jsonallpathswithtypes jsonallvalues jsonarraylength jsondynamicpaths
    jsondynamicpathswithtypes jsonextract jsonextractarrayraw jsonextractbool jsonextractfloat
    jsonextractint jsonextractraw jsonextractstring jsonextractuint jsonhas jsonkey jsonlength
    jsonmergepatch jsonshareddatapaths jsonshareddatapathswithtypes jsontype jumpconsistenthash keccak256
    kostikconsistenthash kql_array_sort_asc kql_array_sort_desc kurtpop kurtsamp lag laginframe last_day
    last_value last_value_respect_nulls lastvaluerespectnulls lcase lead leadinframe least left leftpad
    leftpadutf8 leftutf8 length lengthutf8 less lessorequals levenshteindistance levenshteindistanceutf8
    lgamma like ln locate log log10 log1p log2 lowcardinalityindices lowcardinalitykeys lower lpad ltrim
    macnumtostring macstringtonum macstringtooui makedate makedate32 makedatetime makedatetime64 map
    map_from_arrays mapconcat mapcontains mapcontainskey mapcontainsvalue mapfromarrays mapfromstring
    mapkeys mapupdate mapvalues match matchphrase materialize max max2 md4 md5 median medianexact
    mediantiming mid millisecond min min2 minsamplesizecontinous minsamplesizecontinuous
    minsamplesizeconversion minus minute mismatches mod modulo modulolegacy month monthname mortondecode
    mortonencode multifuzzymatchallindices multifuzzymatchany multifuzzymatchanyindex multiif
    multimatchallindices multimatchanyindex multiply multiplydecimal multisearchallpositions
    multisearchallpositionscaseinsensitive multisearchallpositionscaseinsensitiveutf8
    multisearchallpositionsutf8 multisearchany multisearchanycaseinsensitive
    multisearchanycaseinsensitiveutf8 multisearchanyutf8 multisearchfirstindex
    multisearchfirstindexcaseinsensitive multisearchfirstindexcaseinsensitiveutf8 multisearchfirstindexutf8
    multisearchfirstposition multisearchfirstpositioncaseinsensitive
    multisearchfirstpositioncaseinsensitiveutf8 multisearchfirstpositionutf8 natural_sort_key naturalsortkey
    negate neighbor nested netloc ngramdistance ngramdistancecaseinsensitive
    ngramdistancecaseinsensitiveutf8 ngramdistanceutf8 ngrams ngramsearch ngramsearchcaseinsensitive
    ngramsearchcaseinsensitiveutf8 ngramsearchutf8 nonnegativederivative not notempty notequals nothing
    nothingnull nothinguint64 notilike notin notinignoreset notlike notnullin notnullinignoreset now now64
    nowinblock nowinblock64 nth_value ntile nullif nullin nullinignoreset octet_length or overlay
    overlayutf8 parsedatetime parsedatetime32besteffort parsedatetime64 parsedatetime64besteffort
    parsedatetimebesteffort parsereadablesize parsereadablesizeornull parsereadablesizeorzero parsetimedelta
    partitionid path pathfull percent_rank percentrank perimetercartesian perimeterspherical pi plus pmod
    pointinellipses port portrfc position positioncaseinsensitive positioncaseinsensitiveutf8 positionutf8
    positive_modulo positivemodulo pow power prettyprintjson printf proportionsztest protocol quantile
    quantileexact quantiles quantilesexact quantilestiming quantiletiming quarter query_id queryid
    querystring querystringandfragment radians rand rand32 rand64 randbernoulli randbinomial randcanonical
    randchisquared randconstant randexponential randfisherf randlognormal randnegativebinomial randnormal
    randomfixedstring randomprintableascii randomstring randomstringutf8 randpoisson randstudentt
    randuniform range rank readwkb readwkblinestring readwkbmultilinestring readwkbmultipolygon readwkbpoint
    readwkbpolygon regexp_extract regexp_instr regexp_matches regexp_replace regexpextract regexpinstr
    regexpposition regexpquotemeta reinterpret reinterpretasdate reinterpretasdatetime
    reinterpretasfixedstring reinterpretasfloat32 reinterpretasfloat64 reinterpretasint128
    reinterpretasint16 reinterpretasint256 reinterpretasint32 reinterpretasint64 reinterpretasint8
    reinterpretasstring reinterpretasuint128 reinterpretasuint16 reinterpretasuint256 reinterpretasuint32
    reinterpretasuint64 reinterpretasuint8 reinterpretasuuid repeat replace replaceall replaceone
    replaceregexpall replaceregexpone replicate reverse reversebyseparator reverseutf8 revision right
    rightpad rightpadutf8 rightutf8 ripemd160 round roundage roundbankers rounddown roundduration
    roundtoexp2 row_number rownumberinallblocks rownumberinblock rpad rtrim runningaccumulate
    runningdifference runningdifferencestartingwithfirstvalue schema second seriesdecomposestl
    seriesoutliersdetecttukey servertimezone sha1 sha224 sha256 sha384 sha512 sha512_256 sigmoid sign
    simplejsonextractbool simplejsonextractfloat simplejsonextractint simplejsonextractraw
    simplejsonextractstring simplejsonextractuint simplejsonhas sin singlevalueornull sinh siphash64
    siphash64keyed skewpop skewsamp snowflakeidtodatetime snowflakeidtodatetime64 snowflaketodatetime
    snowflaketodatetime64 space sparsegrams sparsegramshashes sparsegramshashesutf8 sparsegramsutf8
    splitbyalpha splitbychar splitbynonalpha splitbyregexp splitbystring splitbywhitespace sqrt
    st_linefromwkb st_mlinefromwkb st_mpolyfromwkb st_pointfromwkb st_polyfromwkb startswith
    startswithcaseinsensitive startswithcaseinsensitiveutf8 startswithutf8 std stddev stddev_pop stddev_samp
    stddevpop stddevpopstable stddevsamp stddevsampstable str_to_map stringbytesentropy stringbytesuniq
    stringjaccardindex stringjaccardindexutf8 subdate substr substring substring_index substringindex
    substringindexutf8 substringutf8 subtractdays subtracthours subtractinterval subtractmicroseconds
    subtractmilliseconds subtractminutes subtractmonths subtractnanoseconds subtractquarters subtractseconds
    subtracttupleofintervals subtractweeks subtractyears sum sumcount sumkahan sumwithoverflow svg tan tanh
    tgamma throwif time_bucket timediff timeslot timestamp timestamp_diff timestampdiff timezone timezoneof
    timezoneoffset to_days to_unixtime to_utc_timestamp tobool tocolumntypename todate todate32
    todate32ordefault todate32ornull todate32orzero todateordefault todateornull todateorzero todatetime
    todatetime32 todatetime64 todatetime64ordefault todatetime64ornull todatetime64orzero
    todatetimeordefault todatetimeornull todatetimeorzero today todayofmonth todayofweek todayofyear
    todaysinmonth todayssinceyearzero todecimal128ordefault todecimal256ordefault todecimal32
    todecimal32ordefault todecimal32ornull todecimal32orzero todecimal64 todecimal64ordefault
    todecimal64ornull todecimal64orzero todecimalstring tofixedstring tofloat32 tofloat32ordefault
    tofloat32ornull tofloat32orzero tofloat64 tofloat64ordefault tofloat64ornull tofloat64orzero tohour
    toint128ordefault toint16 toint16ordefault toint16ornull toint16orzero toint256ordefault toint32
    toint32ordefault toint32ornull toint32orzero toint64 toint64ordefault toint64ornull toint64orzero toint8
    toint8ordefault toint8ornull toint8orzero tointerval tointervalday tointervalhour tointervalmicrosecond
    tointervalmillisecond tointervalminute tointervalmonth tointervalnanosecond tointervalquarter
    tointervalsecond tointervalweek tointervalyear toipv4 toipv4ordefault toipv4ornull toipv4orzero toipv6
    toipv6ordefault toipv6ornull toipv6orzero toisoweek toisoyear tojsonstring tokenizequery tokens
    tokensforlikepattern tolastdayofmonth tolastdayofweek tolowcardinality tomillisecond tominute
    tomodifiedjulianday tomodifiedjuliandayornull tomonday tomonth tomonthnumsinceepoch tonullable topk
    topkweighted topleveldomain topleveldomainrfc toquarter torelativedaynum torelativehournum
    torelativeminutenum torelativemonthnum torelativequarternum torelativesecondnum torelativeweeknum
    torelativeyearnum tosecond tostartofday tostartoffifteenminutes tostartoffiveminute tostartoffiveminutes
    tostartofhour tostartofinterval tostartofisoyear tostartofmicrosecond tostartofmillisecond
    tostartofminute tostartofmonth tostartofnanosecond tostartofquarter tostartofsecond tostartoftenminutes
    tostartofweek tostartofyear tostring tostringcuttozero totime totime64 totime64ornull totime64orzero
    totimeornull totimeorzero totimewithfixeddate totimezone totypename touint128ordefault touint16
    touint16ordefault touint16ornull touint16orzero touint256ordefault touint32 touint32ordefault
    touint32ornull touint32orzero touint64 touint64ordefault touint64ornull touint64orzero touint8
    touint8ordefault touint8ornull touint8orzero tounixtimestamp tounixtimestamp64micro
    tounixtimestamp64milli tounixtimestamp64nano tounixtimestamp64second toutctimestamp touuid
    touuidordefault touuidornull touuidorzero tovalidutf8 toweek toyear toyearnumsinceepoch toyearweek
    toyyyymm toyyyymmdd toyyyymmddhhmmss transform translate translateutf8 trim trimboth trimleft trimright
    trunc truncate trybase32decode trybase58decode tumble tumbleend tumblestart tuple tupleconcat
    tupledivide tupledividebynumber tupleelement tuplehammingdistance tupleintdiv tupleintdivbynumber
    tupleintdivorzero tupleintdivorzerobynumber tupleminus tuplemodulo tuplemodulobynumber tuplemultiply
    tuplemultiplybynumber tuplenames tuplenegate tupleplus tuplepositivemodulobynumber tupletonamevaluepairs
    ucase unbin unhex uniq uniqcombined uniqcombined64 uniqexact uniqhll12 unnest upper uptime urlhierarchy
    urlpathhierarchy user utc_timestamp utctimestamp uuidnumtostring uuidstringtonum uuidtonum
    uuidv7todatetime var_pop var_samp variantelement varianttype varpop varpopstable varsamp varsampstable
    vectordifference vectorsum version visiblewidth visitparamextractbool visitparamextractfloat
    visitparamextractint visitparamextractraw visitparamextractstring visitparamextractuint visitparamhas
    week windowfunnel windowid wkb xor xxhash64 yandexconsistenthash year yearweek yesterday
    yyyymmddhhmmsstodatetime yyyymmddhhmmsstodatetime64 yyyymmddtodate yyyymmddtodate32
""")
"""Functions and aggregate functions that compute from their arguments and the tables alone, in lower case."""

SYNTAX_FUNCTIONS: Final = names("""
    columns date_add date_sub dateadd datesub exists grouping timestamp_add timestamp_sub timestampadd
    timestampsub
""")
"""What is written like a function and is syntax of its own: the engine makes functions of FUNCTIONS of it."""

REFUSED_FUNCTIONS: Final = names("""
    __actionname __applyfilter __bitboolmaskand __bitboolmaskor __bitswaplasttwo __bitwrapperfunc
    __getscalar __patchpartitionid __scalarsubqueryresult _cast addresstoline addresstolinewithinlines
    addresstosymbol aes_decrypt_mysql aes_encrypt_mysql authenticateduser authuser buildid catboostevaluate
    chdb connection_id connectionid cuttofirstsignificantsubdomaincustom
    cuttofirstsignificantsubdomaincustomrfc cuttofirstsignificantsubdomaincustomwithwww
    cuttofirstsignificantsubdomaincustomwithwwwrfc decrypt demangle encrypt firstsignificantsubdomaincustom
    firstsignificantsubdomaincustomrfc fuzzquery generaterandomstructure generateserialid
    getclienthttpheader getmacro getmaxtablenamelengthfordatabase getmergetreesetting getoskernelversion
    getserverport getserversetting globalvariable hascolumnintable hasthreadfuzzer hmac hostname
    icebergbucket iceberghash icebergtruncate ismergetreepartcoveredby joinget joingetornull logtrace
    mergetreepartinfo obfuscatequery obfuscatequerywithseed regionhierarchy regionin regiontoarea
    regiontocity regiontocontinent regiontocountry regiontodistrict regiontoname regiontopopulation
    regiontotopcontinent runningconcurrency serveruuid shardcount shardnum sleep sleepeachrow
    structuretocapnprotoschema structuretoprotobufschema tcpport tid timeseriescopytag timeseriescopytags
    timeseriesextracttag timeseriesfromgrid timeseriesgrouptosamplingkey timeseriesgrouptotags
    timeseriesidtogroup timeseriesidtotags timeseriesidtotagsgroup timeseriesjointags timeseriesrange
    timeseriesremovealltagsexcept timeseriesremovetag timeseriesremovetags timeseriesreplacetag
    timeseriesstoretags timeseriestagsgrouptotags timeseriestagstogroup timeseriesthrowduplicateseriesif
    transactionid transactionlatestsnapshot transactionoldestsnapshot trydecrypt zookeepersessionuptime
""")
"""Functions that no question about a count needs: they tell of the host, reach files or other hosts, wait,
write log lines, or are parts of the engine itself. They are listed so that a test can tell a function that
was looked at from one that is new."""

COMBINATORS: Final = (
    *("SimpleState", "OrDefault", "Distinct", "Resample", "ForEach", "ArgMax", "ArgMin"),
    *("OrNull", "Merge", "State", "Array", "Null", "Map", "If"),
)
"""Endings that make another aggregate function of one: sumIf, uniqExactOrNull."""

TYPES: Final = names("""
    aggregatefunction array bfloat16 bigint binary bit blob bool boolean byte bytea char character clob date
    date32 datetime datetime32 datetime64 dec decimal decimal128 decimal256 decimal32 decimal64 double
    dynamic enum enum16 enum8 fixed fixedstring float float32 float64 geometry inet4 inet6 int int1 int128
    int16 int256 int32 int64 int8 integer intervalday intervalhour intervalmicrosecond intervalmillisecond
    intervalminute intervalmonth intervalnanosecond intervalquarter intervalsecond intervalweek intervalyear
    ipv4 ipv6 json large linestring longblob longtext lowcardinality map mediumblob mediumint mediumtext
    multilinestring multipolygon national nchar nested nothing nullable numeric nvarchar object point
    polygon precision qbit real ring set signed simpleaggregatefunction single smallint string text time
    time64 timestamp tinyblob tinyint tinytext tuple uint128 uint16 uint256 uint32 uint64 uint8 unsigned
    uuid varbinary varchar varchar2 variant varying year
""")
"""Data types, which are written like functions: Decimal(10, 2), Nullable(String)."""

TABLE_FUNCTIONS: Final = names("""
    dictionary generate_series generateseries null numbers numbers_mt primes sqlstandardvalues values view
    zeros zeros_mt
""")
"""Table functions that make rows from their arguments alone. The engine refuses some of them itself."""

VIEWS_WITH_PARAMETERS: Final = names("result_as_of")
"""Views of ours that are asked like a table function: result_as_of(moment = '...')."""

TABLE_FUNCTIONS_TOO: Final = names("format")
"""FUNCTIONS whose name is a table function too, and one that is not allowed."""

SYSTEM_TABLES: Final = names("""
    aggregate_function_combinators build_options collations columns contributors data_skipping_indices
    data_type_families database_engines databases dictionaries formats functions keywords licenses numbers
    numbers_mt one parts parts_columns settings table_engines table_functions tables time_zones zeros zeros_mt
""")
"""Tables of `system` that describe what can be asked. Others tell of the host, of files, or of what other
readers ask."""

FORMATS: Final = names("""
    Arrow ArrowStream CSV CSVWithNames CSVWithNamesAndTypes JSON JSONColumns JSONColumnsWithMetadata
    JSONCompact JSONCompactColumns JSONCompactEachRow JSONCompactEachRowWithNames
    JSONCompactEachRowWithNamesAndTypes JSONCompactStrings JSONCompactStringsEachRow
    JSONCompactStringsEachRowWithNames JSONCompactStringsEachRowWithNamesAndTypes JSONEachRow JSONLines
    JSONObjectEachRow JSONStrings JSONStringsEachRow MD Markdown NDJSON Native Null ORC Parquet Pretty
    PrettyCompact PrettyCompactMonoBlock PrettyCompactNoEscapes PrettyCompactNoEscapesMonoBlock
    PrettyJSONEachRow PrettyJSONLines PrettyMonoBlock PrettyNDJSON PrettyNoEscapes PrettyNoEscapesMonoBlock
    PrettySpace PrettySpaceMonoBlock PrettySpaceNoEscapes PrettySpaceNoEscapesMonoBlock RowBinary
    RowBinaryWithNames RowBinaryWithNamesAndTypes TSKV TSV TSVWithNames TSVWithNamesAndTypes TabSeparated
    TabSeparatedWithNames TabSeparatedWithNamesAndTypes Values Vertical XML
""")
"""Output formats that are written from the result alone. Those with a schema or a template read or write
files (Protobuf, CapnProto, Template), and raw ones put unescaped bytes on a terminal."""

SHOWN: Final = names("""
    COLUMNS CREATE DATABASES ENGINES EXTENDED FIELDS FULL FUNCTIONS INDEX INDEXES INDICES KEYS SETTING
    SETTINGS TABLES
""")
"""What SHOW may show."""

EXPLAINED: Final = names("AST SYNTAX QUERY PLAN PIPELINE ESTIMATE INDEXES SELECT WITH")
"""What may follow EXPLAIN; a query follows in any case."""

KEYWORDS: Final = names("""
    ALL AND ANY ARRAY AS ASC BETWEEN BY CASE CUBE DESC DESCRIBE DISTINCT DIV ELSE ESCAPE EXCEPT EXISTS
    EXPLAIN FILL FILTER FROM GLOBAL GROUP HAVING ILIKE IN INTERPOLATE INTERSECT INTERVAL IS JOIN LIKE LIMIT
    MATERIALIZED MOD NOT OFFSET ON OR OVER PIPELINE PLAN PREWHERE QUALIFY REGEXP REPLACE ROLLUP SELECT SETS
    STEP SYNTAX TABLE THEN TO TOTALS UNION USING WHEN WHERE WITH AST ESTIMATE TREE
""")
"""Words after which a parenthesis begins an expression or a query, not arguments."""
